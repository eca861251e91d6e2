"""What a loss is given while training and evaluating: class counts, progress, a stream, whole batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lossbench.rng import stream, torch_generator
from lossbench.spec import LossSpec, Trial
from lossbench.train import train
from lossbench.train.objective import Objective
from makers import made_pictures, made_trial

PICTURES = made_pictures()


def own_trial(function: object, **changes: object) -> Trial:
    assert callable(function)
    trial = made_trial(**changes)  # type: ignore[arg-type]  # whatever made_trial takes
    return replace(trial, loss=LossSpec.of_callable(function, name="mine"))


def objective(trial: Trial) -> Objective:
    return Objective.of(trial, PICTURES.train.labels, PICTURES.num_classes, torch.device("cpu"))


def test_progress_is_the_share_of_steps_done_and_one_at_the_last_evaluation() -> None:
    seen: list[tuple[bool, float]] = []

    def mine(logits: Tensor, target: Tensor, progress: float) -> Tensor:
        seen.append((logits.requires_grad, progress))
        return functional.cross_entropy(logits, target, reduction="none")

    list(train(own_trial(mine), PICTURES))
    steps = [progress for trained, progress in seen if trained]
    tried, looked, *rest = steps
    assert (tried, looked) == (0.0, 0.0)
    assert rest == pytest.approx([step / 12 for step in range(12)])  # three epochs of 60 pictures, 16 a batch
    assert [progress for trained, progress in seen if not trained] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3, 1, 1])


def test_class_counts_are_those_that_are_trained_on() -> None:
    seen: list[tuple[int, ...]] = []

    def make(class_counts: tuple[int, ...]) -> torch.nn.Module:
        seen.append(class_counts)
        return torch.nn.CrossEntropyLoss()

    next(iter(train(own_trial(make, validation=0.5), PICTURES)))
    assert seen == [(10, 10, 10)]


def test_a_stream_of_the_seed_and_the_epoch_which_a_resumed_trial_meets_again() -> None:
    def noisy(logits: Tensor, target: Tensor, generator: torch.Generator) -> Tensor:
        weight = torch.rand(len(target), generator=generator)
        return weight * functional.cross_entropy(logits, target, reduction="none")

    trial = own_trial(noisy)
    snapshots = {}
    for epoch in train(trial, PICTURES):
        snapshots[epoch.number] = epoch.snapshot()
    resumed = list(train(trial, PICTURES, snapshots[2]))
    assert resumed[-1].loss == epoch.loss
    np.testing.assert_array_equal(resumed[-1].logits["test"], epoch.logits["test"])
    losses = {seed: next(iter(train(replace(trial, seed=seed), PICTURES))).loss for seed in (1, 2)}
    assert losses[1] != losses[2]


def test_the_stream_does_not_depend_on_the_loss() -> None:
    drawn: list[Tensor] = []

    def first(logits: Tensor, target: Tensor, generator: torch.Generator) -> Tensor:
        drawn.append(torch.rand(3, generator=generator))
        return functional.cross_entropy(logits, target, reduction="none")

    at = objective(own_trial(first)).for_epoch(5, 1)(0)
    drawn.clear()
    at(torch.zeros(4, 3), torch.arange(4) % 3)
    assert torch.equal(drawn[0], torch.rand(3, generator=torch_generator(1, "loss", 5)))


def test_a_loss_of_whole_batches_is_evaluated_on_batches_that_are_drawn() -> None:
    sizes: list[int] = []

    def coupled(logits: Tensor, target: Tensor) -> Tensor:
        sizes.append(len(target))
        return logits[:, 0].mean() * len(set(target.tolist()))

    trial = own_trial(coupled)
    logits, target = torch.randn(60, 3, generator=torch.Generator().manual_seed(0)), torch.arange(60) // 20
    asked = objective(trial)
    sizes.clear()
    values = asked.of_split("test", logits, target, 1)
    assert sizes == [16, 16, 16, 12]
    order = torch.from_numpy(stream(1, "batches of test").permutation(60))
    for part in order.split(16):  # type: ignore[no-untyped-call]  # torch does not annotate it
        expected = logits[part, 0].mean() * len(set(target[part].tolist()))
        torch.testing.assert_close(values[part], expected.expand(len(part)))
    assert len(set(target[order[:16]].tolist())) == 3, "a split that is sorted by class gives mixed batches"


def test_an_independent_loss_is_evaluated_at_once() -> None:
    sizes: list[int] = []

    def independent(logits: Tensor, target: Tensor) -> Tensor:
        sizes.append(len(target))
        return functional.cross_entropy(logits, target, reduction="none")

    asked = objective(own_trial(independent))
    sizes.clear()
    asked.of_split("test", torch.zeros(60, 3), torch.arange(60) // 20, 1)
    assert sizes == [60]


@pytest.mark.parametrize("loss", ["l1", "focal(gamma=5)", "cross_entropy"])
def test_the_first_look_tells_cross_entropys_gradient_too(loss: str) -> None:
    own, reference = (next(iter(train(made_trial(name), PICTURES))) for name in (loss, "cross_entropy"))
    assert own.cross_entropy == (reference.loss, reference.gradient_norm)
    assert (own.gradient_norm == reference.gradient_norm) == (loss == "cross_entropy")
