"""Optimizers, schedules and clipping within training: held against plain torch, resumed to the bit."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from lossbench.models import build
from lossbench.rng import stream
from lossbench.run import one_thread
from lossbench.spec import Optimizer, Schedule, Trial
from lossbench.train import Epoch, train
from makers import CLASSES, made_pictures, made_trial

PICTURES = made_pictures()

OPTIMIZERS: list[tuple[Optimizer, type[torch.optim.Optimizer], dict[str, Any]]] = [
    (
        Optimizer(lr=0.02, nesterov=True, weight_decay=0.01),
        torch.optim.SGD,
        {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ),
    (Optimizer(name="adam"), torch.optim.Adam, {}),
    (
        Optimizer(name="adam", lr=0.003, betas=(0.7, 0.95), weight_decay=0.1),
        torch.optim.Adam,
        {"lr": 0.003, "betas": (0.7, 0.95), "weight_decay": 0.1},
    ),
    (Optimizer(name="adamw", weight_decay=0.5), torch.optim.AdamW, {"weight_decay": 0.5}),
]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def run(trial: Trial) -> list[Epoch]:
    return list(train(trial, PICTURES))


def weights(epoch: Epoch) -> dict[str, torch.Tensor]:
    tensors = epoch.snapshot().tensors
    return {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}


def plain(
    trial: Trial, optimizer: torch.optim.Optimizer, model: nn.Module, after: lr_scheduler.LRScheduler, clip: float
) -> tuple[list[float], list[float]]:
    """The same training, written down plainly in float64: mean loss and mean gradient norm per epoch."""
    x = torch.from_numpy(PICTURES.train.pictures).double().permute(0, 3, 1, 2) / 255
    x = (x - x.mean()) / x.std(correction=0)
    y = torch.from_numpy(PICTURES.train.labels)
    losses, norms = [], []
    for epoch in range(1, trial.recipe.epochs + 1):
        order = torch.from_numpy(stream(trial.seed, "order", epoch).permutation(len(y)))
        total, lengths = 0.0, []
        for rows in torch.split(order, trial.recipe.batch_size):
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            lengths.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), clip)))
            optimizer.step()
            total += loss.item() * len(rows)
        after.step()
        losses.append(total / len(y))
        norms.append(sum(lengths) / len(lengths))
    return losses, norms


def in_float64(trial: Trial) -> nn.Module:
    return build(trial.recipe.model, CLASSES, 1, (8, 8), trial.seed).double().train()


@pytest.mark.parametrize(("ours", "kind", "theirs"), OPTIMIZERS, ids=["nesterov", "adam", "betas", "adamw"])
def test_an_optimizer_moves_the_weights_as_torchs_own(
    ours: Optimizer, kind: type[torch.optim.Optimizer], theirs: dict[str, Any]
) -> None:
    trial = made_trial(model="mlp", optimizer=ours, schedule=Schedule(name="constant"))
    model = in_float64(trial)
    optimizer = kind(model.parameters(), **theirs)
    losses, norms = plain(trial, optimizer, model, lr_scheduler.ConstantLR(optimizer, 1.0), float("inf"))
    epochs = run(trial)
    assert [epoch.loss for epoch in epochs[1:]] == pytest.approx(losses, rel=1e-4)
    assert [epoch.gradient_norm for epoch in epochs[1:]] == pytest.approx(norms, rel=1e-3)
    last = weights(epochs[-1])
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(last[name].double(), parameter.detach(), rtol=2e-3, atol=2e-4, msg=name)


def test_a_schedule_is_followed_epoch_by_epoch() -> None:
    schedule = Schedule(name="multistep", milestones=(2, 3), gamma=0.2, warmup=2)
    trial = made_trial(model="mlp", optimizer=Optimizer(lr=0.05), schedule=schedule, epochs=5)
    model = in_float64(trial)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    factors = [0.5, 1, 0.2, 0.2**2, 0.2**2, 0]
    losses, _ = plain(trial, optimizer, model, lr_scheduler.LambdaLR(optimizer, factors.__getitem__), float("inf"))
    assert [epoch.loss for epoch in run(trial)[1:]] == pytest.approx(losses, rel=1e-4)


class TestClipping:
    def test_steps_are_clipped_and_the_norm_kept_is_the_unclipped_one(self) -> None:
        trial = made_trial(model="mlp", lr=0.05, clip=0.5, schedule=Schedule(name="constant"))
        model = in_float64(trial)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        losses, norms = plain(trial, optimizer, model, lr_scheduler.ConstantLR(optimizer, 1.0), 0.5)
        epochs = run(trial)
        assert [epoch.loss for epoch in epochs[1:]] == pytest.approx(losses, rel=1e-4)
        assert [epoch.gradient_norm for epoch in epochs[1:]] == pytest.approx(norms, rel=1e-4)
        assert norms[0] > 0.5
        assert epochs[0].gradient_norm == run(made_trial(model="mlp", lr=0.05))[0].gradient_norm

    def test_a_bound_that_is_never_met_changes_nothing(self) -> None:
        free, bound = (weights(run(made_trial(clip=clip))[-1]) for clip in (None, 1e6))
        assert all(torch.equal(free[name], bound[name]) for name in free)

    def test_it_can_keep_a_trial_from_diverging(self) -> None:
        wild = made_trial("mse", model="mlp", lr=500.0, epochs=8)
        assert run(wild)[-1].diverged
        tamed = run(made_trial("mse", model="mlp", lr=500.0, epochs=8, clip=1e-4))
        assert not tamed[-1].diverged
        assert len(tamed) == 9

    def test_a_gradient_that_is_not_finite_still_ends_the_trial(self) -> None:
        last = run(made_trial("l1", lr=1e38, epochs=8, clip=1.0))[-1]
        assert "non-finite loss or logit" in last.diverged


RESUMED: list[dict[str, Any]] = [
    {"optimizer": Optimizer(nesterov=True, weight_decay=0.01)},
    {"optimizer": Optimizer(momentum=0)},
    {"optimizer": Optimizer(name="adam")},
    {"optimizer": Optimizer(name="adam", weight_decay=0.1), "model": "resnet20"},
    {"optimizer": Optimizer(name="adamw", betas=(0.8, 0.9), weight_decay=0.1), "clip": 0.5},
    {"optimizer": Optimizer(name="adamw"), "schedule": Schedule(name="cosine", warmup=1), "precision": "bf16"},
    {"optimizer": Optimizer(name="adam"), "mixup": 0.4, "schedule": Schedule(name="multistep", milestones=(1, 2))},
]


@pytest.mark.parametrize("changes", RESUMED, ids=lambda changes: str(changes["optimizer"])[:60])
def test_a_resumed_trial_gives_the_bits_of_an_uninterrupted_one(changes: dict[str, Any]) -> None:
    trial = made_trial(epochs=4, **changes)
    snapshots, whole = zip(*((epoch.snapshot(), epoch) for epoch in train(trial, PICTURES)), strict=True)
    for stopped in (1, 2):
        resumed = list(train(trial, PICTURES, copy.deepcopy(snapshots[stopped])))
        assert [epoch.loss for epoch in resumed] == [epoch.loss for epoch in whole[stopped + 1 :]]
        np.testing.assert_array_equal(resumed[-1].logits["test"], whole[-1].logits["test"])
        again = resumed[-1].snapshot().tensors
        assert again.keys() == snapshots[-1].tensors.keys()
        assert all(torch.equal(value, again[name]) for name, value in snapshots[-1].tensors.items())


def test_what_adam_remembers_is_in_a_snapshot() -> None:
    trial = made_trial(model="mlp", optimizer=Optimizer(name="adam"))
    tensors = run(trial)[-1].snapshot().tensors
    steps = {name: value for name, value in tensors.items() if name.endswith(".step")}
    assert len(steps) == 4  # weights and biases of two layers
    assert all(value.shape == () and value == 3 * 4 for value in steps.values())  # three epochs of four batches
    assert {name.rpartition(".")[2] for name in tensors if name.startswith("optimizer.")} == {
        "step",
        "exp_avg",
        "exp_avg_sq",
    }
