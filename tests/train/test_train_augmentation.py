"""Augmentation within training: in every step, in no evaluation, the same for every loss."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from lossbench.data.augment import draw
from lossbench.models import build
from lossbench.rng import stream
from lossbench.run import one_thread
from lossbench.spec import parse_augmentation
from lossbench.train import train
from lossbench.train.batches import Batches
from lossbench.train.state import State
from makers import CLASSES, made_pictures, made_trial

PICTURES = made_pictures()
AUGMENTED = parse_augmentation(["crop(2)", "flip", "cutout(3)"])


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def batches(loss: str = "cross_entropy", seed: int = 1, number: int = 1, batch_size: int = 16) -> list[torch.Tensor]:
    """What each step of an epoch sees, uint8."""
    trial = made_trial(loss, seed, augmentation=AUGMENTED, batch_size=batch_size)
    state = State.start(trial, PICTURES, torch.device("cpu"))
    seen = Batches.of(trial, state.splits["train"], number, state.fill)
    return [batch.pictures[batch.chosen] for batch in seen]


def test_each_step_sees_its_pictures_augmented_by_the_epochs_plan() -> None:
    order = stream(1, "order", 2).permutation(60)
    plan = draw(AUGMENTED, 60, (8, 8), stream(1, "augmentation", 2))
    mean, _ = PICTURES.normalisation()
    fill = torch.tensor(np.rint(255 * mean).astype(np.uint8))
    expected = plan.apply(torch.from_numpy(PICTURES.train.pictures[order]), slice(0, 60), fill)
    assert torch.equal(torch.cat(batches(number=2)), expected)


def test_the_plan_is_the_seeds_and_the_epochs_alone() -> None:
    first = torch.cat(batches())
    assert torch.equal(torch.cat(batches(loss="focal(gamma=2)")), first)
    assert torch.equal(torch.cat(batches(batch_size=20)), first)
    assert not torch.equal(torch.cat(batches(seed=2)), first)
    assert not torch.equal(torch.cat(batches(number=2)), first)


def test_it_changes_training_and_no_evaluation() -> None:
    plain, augmented = (list(train(made_trial(augmentation=steps), PICTURES))[-1] for steps in ((), AUGMENTED))
    assert plain.loss != augmented.loss
    model = build("cnn", CLASSES, 1, (8, 8), 1)
    tensors = augmented.snapshot().tensors
    model.load_state_dict({k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")})
    mean, std = PICTURES.normalisation()
    x = (torch.from_numpy(PICTURES.test.pictures).permute(0, 3, 1, 2) / 255 - mean[0]) / std[0]
    with torch.no_grad():
        logits = model.eval()(x.float())
    np.testing.assert_allclose(augmented.logits["test"], logits.numpy(), rtol=1e-4, atol=1e-5)


def test_a_resumed_trial_gives_the_bits_of_an_uninterrupted_one() -> None:
    trial = made_trial(augmentation=AUGMENTED)
    epochs = [(epoch, epoch.snapshot()) for epoch in train(trial, PICTURES)]
    resumed = list(train(trial, PICTURES, copy.deepcopy(epochs[1][1])))
    np.testing.assert_array_equal(resumed[-1].logits["test"], epochs[-1][0].logits["test"])
