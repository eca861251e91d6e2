"""Training in a scenario: on which labels, which are counted, and that a resumed trial counts the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lossbench.data import prepare
from lossbench.losses import bind, complete
from lossbench.metrics import evaluate
from lossbench.models import build
from lossbench.rng import stream
from lossbench.run import one_thread
from lossbench.spec import Crop, Flip, LossSpec, Scenario
from lossbench.store import Record
from lossbench.store.files import checkpoint_bytes, counts_bytes, counts_of, read_checkpoint
from lossbench.train import Epoch, Snapshot, labels_of, splits_of, train
from lossbench.train.state import State
from makers import CLASSES, made_pictures, made_trial

PICTURES = made_pictures()
NOISE = "noise(symmetric, 0.4)"
BOTH = "noise(pair, 0.25) + imbalance(step, 4) + validation(0.2)"
BESIDE = ("train_clean", "train_wrong")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def table(rows: np.ndarray, columns: np.ndarray) -> list[list[int]]:
    """Confusion counts, one by one."""
    return [[int(((rows == i) & (columns == j)).sum()) for j in range(CLASSES)] for i in range(CLASSES)]


def predictions(epoch: Epoch, rows: np.ndarray) -> np.ndarray:
    """What the weights after an epoch say of some training pictures, by torch's own layers."""
    model = build("cnn", CLASSES, 1, (8, 8), 1)
    tensors = epoch.snapshot().tensors
    model.load_state_dict({k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")})
    mean, std = PICTURES.normalisation()
    x = (torch.from_numpy(PICTURES.train.pictures[rows]).permute(0, 3, 1, 2) / 255 - mean[0]) / std[0]
    with torch.no_grad():
        return np.asarray(model.eval()(x.float()).argmax(dim=1))


@pytest.mark.parametrize("text", [NOISE, BOTH])
def test_counts_beside_are_those_of_the_predictions(text: str) -> None:
    trial = made_trial(scenario=text)
    last = list(train(trial, PICTURES))[-1]
    part = prepare(PICTURES, trial.scenario, 1)["train"]
    predicted = predictions(last, part.rows)
    wrong = part.labels != part.clean
    assert set(last.counts) == set(BESIDE)
    assert last.evaluations["train"].counts.tolist() == table(part.labels, predicted)
    assert last.counts["train_clean"].tolist() == table(part.clean, predicted)
    assert last.counts["train_wrong"].tolist() == table(part.labels[wrong], predicted[wrong])
    assert last.counts["train_wrong"].sum() == wrong.sum() > 0


def test_running_counts_are_those_of_the_training_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = made_trial(scenario=NOISE, train_metrics="running", epochs=2)
    seen: list[np.ndarray] = []

    def spied(logits: Any, *others: Any) -> Any:
        seen.append(logits)
        return evaluate(logits, *others)

    monkeypatch.setattr("lossbench.train.judge.evaluate", spied)
    epochs = list(train(trial, PICTURES))[1:]
    part = prepare(PICTURES, trial.scenario, 1)["train"]
    for epoch, logits in zip(epochs, seen[::2], strict=True):
        order = stream(1, "order", epoch.number).permutation(60)
        given, clean, predicted = part.labels[order], part.clean[order], logits.argmax(axis=1)
        wrong = given != clean
        assert set(epoch.counts) == {"train_running_clean", "train_running_wrong"}
        assert epoch.counts["train_running_clean"].tolist() == table(clean, predicted)
        assert epoch.counts["train_running_wrong"].tolist() == table(given[wrong], predicted[wrong])


@pytest.mark.parametrize("text", ["clean", "validation(0.2)", "imbalance(step, 4) + train_size(0.5)"])
def test_without_label_noise_nothing_is_counted_beside(text: str) -> None:
    assert not any(epoch.counts for epoch in train(made_trial(scenario=text), PICTURES))


@pytest.mark.parametrize("running", ["full", "running"])
def test_a_resumed_trial_counts_the_same(tmp_path: Path, running: str) -> None:
    trial = made_trial(scenario=BOTH, train_metrics=running)
    whole, half = Record(), Record()
    snapshots: dict[int, Snapshot] = {}
    for epoch in train(trial, PICTURES):
        whole = whole.noted(epoch)
        half = half.noted(epoch) if epoch.number <= 2 else half
        snapshots[epoch.number] = epoch.snapshot()
    arrays = {name: tensor.numpy() for name, tensor in snapshots[2].tensors.items()}
    (tmp_path / "state.safetensors").write_bytes(checkpoint_bytes(half, arrays, 2, 1.0))
    again, state, number, _ = read_checkpoint(tmp_path / "state.safetensors")
    for epoch in train(trial, PICTURES, Snapshot(number, {k: torch.from_numpy(v) for k, v in state.items()})):
        again = again.noted(epoch)
    counts = counts_of(counts_bytes(again))
    assert counts.keys() == whole.counts.keys()
    assert len({split for _, split in counts}) == 5
    for place, expected in whole.counts.items():
        np.testing.assert_array_equal(counts[place], expected)


def test_every_loss_at_a_seed_is_given_the_same_labels() -> None:
    ones, others = (
        State.start(made_trial(loss, scenario=BOTH), PICTURES, torch.device("cpu")) for loss in ("l1", "mae")
    )
    for name, split in ones.splits.items():
        assert torch.equal(split.labels, others.splits[name].labels)
        assert torch.equal(split.pictures, others.splits[name].pictures)
    third = State.start(made_trial(scenario=BOTH, seed=2), PICTURES, torch.device("cpu"))
    assert not torch.equal(ones.splits["train"].pictures, third.splits["train"].pictures)


def test_losses_count_classes_by_the_labels_that_are_trained_on() -> None:
    trial = made_trial("balanced_softmax", scenario="noise(asymmetric, 0.5, map='dark>bright') + imbalance(step, 4)")
    state = State.start(trial, PICTURES, torch.device("cpu"))
    assert torch.bincount(state.splits["train"].labels).tolist() == [10, 20, 15]
    logits, target = torch.zeros(3, CLASSES), torch.arange(3)
    expected = bind(complete(LossSpec.parse("balanced_softmax")), [10, 20, 15])(logits, target)
    assert torch.equal(state.objective.loss(logits, target), expected)


def test_normalisation_is_the_whole_training_splits() -> None:
    fewer, all_of_them = (
        State.start(made_trial(scenario=text), PICTURES, torch.device("cpu")) for text in ("train_size(0.2)", "clean")
    )
    assert len(fewer.splits["train"]) == 12
    assert torch.equal(fewer.scale, all_of_them.scale)
    assert torch.equal(fewer.shift, all_of_them.shift)


@pytest.mark.parametrize("text", ["clean", NOISE])
def test_pictures_are_not_copied_where_none_is_left_out(text: str) -> None:
    splits = splits_of(PICTURES, Scenario.parse(text, "made"), 1)
    assert splits["train"].pictures is PICTURES.train.pictures
    assert splits["test"].pictures is PICTURES.test.pictures
    assert (splits["train"].labels is PICTURES.train.labels) == (text == "clean")


@pytest.mark.parametrize("augmentation", [(), (Crop(1), Flip())])
def test_batches_from_where_the_data_lie_have_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, augmentation: object
) -> None:
    """Of data that are large, the pictures that a scenario leaves are gathered batch by batch, and not copied."""
    trial = made_trial(scenario=f"{BOTH} + train_size(0.8)", augmentation=augmentation, epochs=2)

    def trained() -> tuple[list[Epoch], State]:
        return list(train(trial, PICTURES)), State.start(trial, PICTURES, torch.device("cpu"))

    copied, before = trained()
    monkeypatch.setattr("lossbench.train.state._COPIED", 0)
    gathered, after = trained()
    assert before.splits["train"].rows is None
    assert after.splits["train"].rows is not None
    assert after.splits["train"].pictures.data_ptr() == PICTURES.train.pictures.ctypes.data
    assert after.splits["test"].rows is None
    for one, other in zip(copied, gathered, strict=True):
        assert (one.loss, one.gradient_norm) == (other.loss, other.gradient_norm)
        for name, logits in one.logits.items():
            np.testing.assert_array_equal(logits, other.logits[name])


def test_labels_alone_are_those_of_the_splits() -> None:
    scenario = Scenario.parse(BOTH, "made")
    labels, splits = labels_of(PICTURES, scenario, 3), splits_of(PICTURES, scenario, 3)
    assert list(labels) == list(splits) == ["train", "test", "validation"]
    for name, split in splits.items():
        np.testing.assert_array_equal(labels[name], split.labels)


def test_wrong_labels_are_what_is_learned() -> None:
    """A map that moves nearly all of a class is learned as such: the class's pictures are memorised as the other."""
    trial = made_trial(scenario="noise(pair, 0.9)", epochs=8)
    last = list(train(trial, PICTURES))[-1]
    wrong = last.counts["train_wrong"]
    assert np.trace(wrong) / wrong.sum() > 0.8
    assert last.evaluations["test"].scores.accuracy < 0.2
