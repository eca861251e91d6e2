"""Metrics against scikit-learn and torchmetrics, at the corners, and in pieces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn import metrics as sklearn
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_calibration_error,
    multiclass_f1_score,
    multiclass_precision,
    multiclass_recall,
)

import lossbench.metrics.split
from lossbench.metrics import (
    ECE_BINS,
    Evaluation,
    calibration_error,
    class_scores,
    confusion,
    evaluate,
    log_softmax,
    per_picture,
    scores,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def random(n: int = 500, classes: int = 10, scale: float = 2.0, seed: int = 0) -> tuple[Floats, Ints]:
    generator = np.random.default_rng(seed)
    target = generator.integers(0, classes, n)
    logits = generator.normal(size=(n, classes)) * scale
    logits[np.arange(n), target] += 1
    return logits, target


def uneven() -> tuple[Floats, Ints]:
    """Six classes: 3 is never predicted, 4 never occurs but is predicted, 5 neither."""
    logits, target = random(300, 6)
    target[target >= 4] = 0
    logits[:, 3] = -50
    logits[:, 5] = -50
    assert set(logits.argmax(axis=1)) == {0, 1, 2, 4}
    assert set(target) == {0, 1, 2, 3}
    return logits, target


CASES: list[Callable[[], tuple[Floats, Ints]]] = [
    random,
    lambda: random(3, 10),
    lambda: random(400, 2),
    lambda: random(400, 7, 0.1, seed=2),
    lambda: random(400, 4, 30.0, seed=3),
    uneven,
    lambda: (np.eye(3)[[0, 0, 0]], np.array([1, 1, 2])),  # nothing right
]
cases = pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))


def measured(logits: Floats, target: Ints) -> Evaluation:
    return evaluate(logits, target, np.zeros(len(target)))


@cases
def test_counts(case: Callable[[], tuple[Floats, Ints]]) -> None:
    logits, target = case()
    predicted, classes = logits.argmax(axis=1), logits.shape[1]
    counts = confusion(target, predicted, classes)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, sklearn.confusion_matrix(target, predicted, labels=range(classes)))
    np.testing.assert_array_equal(measured(logits, target).counts, counts)


def test_rows_are_true_and_columns_predicted() -> None:
    np.testing.assert_array_equal(
        confusion(np.array([0, 0, 2]), np.array([1, 1, 2]), 3), [[0, 2, 0], [0, 0, 0], [0, 0, 1]]
    )


@cases
def test_scores_are_scikit_learns(case: Callable[[], tuple[Floats, Ints]]) -> None:
    logits, target = case()
    predicted, ours = logits.argmax(axis=1), measured(logits, target).scores
    precision, recall, f1, _ = sklearn.precision_recall_fscore_support(
        target, predicted, average="macro", zero_division=0
    )
    assert ours.accuracy == pytest.approx(sklearn.accuracy_score(target, predicted), abs=1e-15)
    assert (ours.precision, ours.recall, ours.f1) == pytest.approx((precision, recall, f1), abs=1e-14)


@cases
def test_scores_are_torchmetrics(case: Callable[[], tuple[Floats, Ints]]) -> None:
    logits, target = case()
    ours, classes = measured(logits, target).scores, logits.shape[1]
    predicted, true = torch.from_numpy(logits.argmax(axis=1)), torch.from_numpy(target)
    theirs = {
        "accuracy": multiclass_accuracy(predicted, true, classes, average="micro"),
        "precision": multiclass_precision(predicted, true, classes),
        "recall": multiclass_recall(predicted, true, classes),
        "f1": multiclass_f1_score(predicted, true, classes),
    }
    for name, value in theirs.items():
        assert getattr(ours, name) == pytest.approx(value.item(), abs=1e-6)


def test_a_class_never_predicted_has_precision_zero() -> None:
    ours = scores(np.array([[4, 0], [2, 0]]))
    assert ours.accuracy == pytest.approx(4 / 6)
    assert ours.precision == pytest.approx((4 / 6 + 0) / 2)
    assert ours.recall == pytest.approx((1 + 0) / 2)
    assert ours.f1 == pytest.approx((8 / 10 + 0) / 2)


def test_a_class_that_is_nowhere_counts_for_nothing() -> None:
    assert scores(np.array([[4, 0, 0], [0, 2, 0], [0, 0, 0]])).recall == 1
    assert scores(np.array([[0, 3], [0, 0]])) == scores(np.array([[0, 3, 0], [0, 0, 0], [0, 0, 0]]))
    assert scores(np.array([[0, 3], [0, 0]])).accuracy == 0


@cases
def test_the_scores_of_classes_are_scikit_learns(case: Callable[[], tuple[Floats, Ints]]) -> None:
    logits, target = case()
    predicted, classes = logits.argmax(axis=1), logits.shape[1]
    ours = class_scores(confusion(target, predicted, classes))
    theirs = sklearn.precision_recall_fscore_support(target, predicted, labels=range(classes), zero_division=0)
    for mine, other in zip((ours.precision, ours.recall, ours.f1), theirs[:3], strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-15)


@cases
def test_values_per_picture_have_the_means_of_the_split(case: Callable[[], tuple[Floats, Ints]]) -> None:
    logits, target = case()
    ours, each = measured(logits, target), per_picture(logits, target)
    p = torch.from_numpy(logits).softmax(1)
    theirs = torch.nn.CrossEntropyLoss(reduction="none")(torch.from_numpy(logits), torch.from_numpy(target))
    np.testing.assert_allclose(each.nll, theirs.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(each.brier, ((p.numpy() - np.eye(p.shape[1])[target]) ** 2).sum(axis=1), atol=1e-12)
    assert each.nll.mean() == pytest.approx(ours.nll, rel=1e-12)
    assert each.brier.mean() == pytest.approx(ours.brier, rel=1e-12)
    assert each.confidence.mean() == pytest.approx(ours.mean_confidence, rel=1e-12)
    hit = logits.argmax(axis=1) == target
    assert calibration_error(each.confidence, hit) == pytest.approx(ours.ece, abs=1e-12)


def test_probabilities_of_another_kind_are_given_by_their_logarithms() -> None:
    logits, target = random()
    log_p = log_softmax(3 * logits)
    whole, each = evaluate(logits, target, np.zeros(len(target)), log_p), per_picture(log_p, target)
    assert each.nll.mean() == pytest.approx(whole.nll, rel=1e-12)
    assert each.nll.mean() != pytest.approx(measured(logits, target).nll, rel=0.1)
    np.testing.assert_allclose(log_softmax(log_p), log_p, atol=1e-12)


@cases
def test_nll_is_the_libraries(case: Callable[[], tuple[Floats, Ints]]) -> None:
    logits, target = case()
    ours = measured(logits, target).nll
    theirs = torch.nn.CrossEntropyLoss()(torch.from_numpy(logits), torch.from_numpy(target)).item()
    assert ours == pytest.approx(theirs, rel=1e-12)
    if np.ptp(logits) < 30:  # scikit-learn clips
        p = torch.from_numpy(logits).softmax(1).numpy()
        assert ours == pytest.approx(sklearn.log_loss(target, p, labels=range(logits.shape[1])), rel=1e-9)


@cases
def test_brier_is_the_sum_over_classes(case: Callable[[], tuple[Floats, Ints]]) -> None:
    logits, target = case()
    p = torch.from_numpy(logits).softmax(1).numpy()
    expected = ((p - np.eye(logits.shape[1])[target]) ** 2).sum(axis=1).mean()
    assert measured(logits, target).brier == pytest.approx(expected, abs=1e-14)
    assert measured(logits, target).mean_confidence == pytest.approx(p.max(axis=1).mean(), abs=1e-14)


@cases
def test_ece_is_torchmetrics(case: Callable[[], tuple[Floats, Ints]]) -> None:
    logits, target = case()
    p = torch.from_numpy(logits).softmax(1)
    theirs = multiclass_calibration_error(p, torch.from_numpy(target), logits.shape[1], n_bins=15, norm="l1").item()
    assert measured(logits, target).ece == pytest.approx(theirs, abs=1e-6)
    assert ECE_BINS == 15


def test_ece_by_hand() -> None:
    """Two pictures in the bin of 0.75, one right; one in the bin of 0.95, right: (|1.5 − 1| + |0.95 − 1|) / 3."""
    p = np.array([[0.75, 0.25], [0.75, 0.25], [0.05, 0.95]])
    assert measured(np.log(p), np.array([0, 1, 1])).ece == pytest.approx((0.5 + 0.05) / 3, abs=1e-12)


@pytest.mark.parametrize(
    ("logits", "target", "expected"),
    [  # nll, brier, ece, confidence
        ([[1e4, -1e4, 0.0]], 0, (0, 0, 0, 1)),
        ([[1e4, -1e4, 0.0]], 1, (2e4, 2, 1, 1)),
        ([[1e4, 1e4]], 1, (np.log(2), 0.5, 0.5, 0.5)),
        ([[0.0] * 4], 0, (np.log(4), 0.75, 0.75, 0.25)),
        ([[0.0] * 4], 3, (np.log(4), 0.75, 0.25, 0.25)),
        ([[-1e4] * 10], 0, (np.log(10), 0.9, 0.9, 0.1)),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_corners(
    logits: list[list[float]],
    target: int,
    expected: tuple[float, float, float, float],
    dtype: type[np.float32] | type[np.float64],
) -> None:
    ours = evaluate(np.array(logits, dtype=dtype), np.array([target]), np.zeros(1))
    assert (ours.nll, ours.brier, ours.ece, ours.mean_confidence) == pytest.approx(expected, abs=1e-12)


def test_all_sure_and_all_right() -> None:
    target = np.arange(30) % 3
    ours = measured(np.eye(3)[target] * 1e4, target)
    assert (ours.nll, ours.brier, ours.ece, ours.mean_confidence) == (0, 0, 0, 1)
    assert (ours.scores.accuracy, ours.scores.f1) == (1, 1)


def test_ties_go_to_the_first_class_in_counts_and_calibration_alike() -> None:
    """The logits decide, not probabilities in which tiny differences are lost."""
    ours = measured(np.array([[0.0, 1e-20, 0.0]]), np.array([1]))
    assert ours.scores.accuracy == 1
    assert ours.ece == pytest.approx(2 / 3)
    assert measured(np.zeros((1, 3)), np.array([0])).scores.accuracy == 1


@pytest.mark.parametrize("chunk", [1, 7, 100, 499, 500, 501])
def test_in_pieces_as_at_once(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    logits, target = random()
    whole = measured(logits, target)
    monkeypatch.setattr(lossbench.metrics.split, "_CHUNK", chunk)
    pieces = measured(logits, target)
    np.testing.assert_array_equal(pieces.counts, whole.counts)
    for name in ("loss", "nll", "brier", "ece", "mean_confidence"):
        assert getattr(pieces, name) == pytest.approx(getattr(whole, name), abs=1e-12)
    each = per_picture(logits, target)
    assert each.nll.shape == each.brier.shape == each.confidence.shape == (500,)
    assert each.nll.mean() == pytest.approx(whole.nll, rel=1e-12)


def test_the_own_loss_is_the_mean_in_float64() -> None:
    logits, target = random(4)
    losses = np.array([1e8, 1, 1, -1e8], dtype=np.float32)
    assert evaluate(logits, target, losses).loss == 0.5


def test_the_arguments_are_left_as_they_were() -> None:
    logits, target = random(50)
    before = logits.copy(), target.copy()
    measured(logits, target)
    np.testing.assert_array_equal(logits, before[0])
    np.testing.assert_array_equal(target, before[1])
