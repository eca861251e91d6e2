"""Metrics over a whole split: from confusion counts, and from logits.

One vocabulary (law 6): macro unless said otherwise, zero division is 0, Brier is the sum over classes, ECE has 15
equal-width bins on the top probability. Nothing is averaged per batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ECE_BINS",
    "LOWER_IS_BETTER",
    "UNEQUAL",
    "ClassScores",
    "Evaluation",
    "PerPicture",
    "Scores",
    "calibration_error",
    "class_scores",
    "confusion",
    "evaluate",
    "log_softmax",
    "per_picture",
    "reliability",
    "scores",
    "shots",
]

ECE_BINS = 15
LOWER_IS_BETTER = frozenset({"loss", "nll", "brier", "ece", "memorised"})
"""Metrics whose good direction is down."""

UNEQUAL = 1.5
"""How many times as many pictures the largest class has as the smallest for classes to count as unequal."""

_CHUNK = 65_536  # rows whose float64 softmax is held at once

Counts = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Scores:
    """What the confusion counts say: accuracy, and macro precision, recall and F1."""

    accuracy: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Precision, recall and F1 of every class against the others, each (classes,); a division by zero gives 0."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PerPicture:
    """What the probabilities say of every picture, each float64 (n,).

    Args:
        nll: negative log-likelihood of the true class, in nats.
        brier: squared error of the probabilities, summed over classes; 0 to 2.
        confidence: the top probability.
    """

    nll: NDArray[np.float64]
    brier: NDArray[np.float64]
    confidence: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One split, evaluated at one epoch.

    Args:
        counts: pictures by true class (rows) and predicted class (columns), (classes, classes).
        loss: mean of the trial's own loss.
        nll: mean negative log-likelihood, in nats.
        brier: mean over pictures of the squared error of the probabilities, summed over classes; 0 to 2.
        ece: expected calibration error, 15 equal-width bins on the top probability; 0 to 1.
        mean_confidence: mean top probability.
    """

    counts: Counts
    loss: float
    nll: float
    brier: float
    ece: float
    mean_confidence: float

    @property
    def scores(self) -> Scores:
        """Accuracy, precision, recall and F1 from the counts."""
        return scores(self.counts)


def confusion(target: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int) -> Counts:
    """Pictures by true and predicted class, (classes, classes); both arguments have shape (n,)."""
    flat = np.bincount(target * num_classes + predicted, minlength=num_classes**2)
    return flat.reshape(num_classes, num_classes).astype(np.int64)


def scores(counts: Counts) -> Scores:
    """Accuracy, and macro precision, recall and F1.

    The macro averages run over the classes that occur in the targets or in the predictions, as scikit-learn and
    torchmetrics do; a class that is never predicted has precision 0.

    Args:
        counts: (classes, classes), true class by predicted class, with at least one picture.
    """
    each = class_scores(counts)
    present = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return Scores(
        accuracy=float(np.diag(counts).astype(np.float64).sum() / counts.sum()),
        precision=float(each.precision[present].mean()),
        recall=float(each.recall[present].mean()),
        f1=float(each.f1[present].mean()),
    )


def class_scores(counts: Counts) -> ClassScores:
    """Precision, recall and F1 of every class; 0 where a class is never predicted or never occurs.

    Args:
        counts: (classes, classes), true class by predicted class.
    """
    hits = np.diag(counts).astype(np.float64)
    predicted, actual = counts.sum(axis=0), counts.sum(axis=1)
    return ClassScores(_ratio(hits, predicted), _ratio(hits, actual), _ratio(2 * hits, predicted + actual))


def shots(class_counts: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """The many-, medium- and few-shot classes: thirds by rank, as far as sizes differ.

    Classes are ranked by size, largest first, from 0.5 to K - 0.5; those of equal size share their mean rank r. Below
    a third of K they are many-shot, above two thirds few-shot, else medium-shot; but the largest size is always many
    and the smallest always few. (The fixed bounds of Liu et al. (2019), arXiv:1904.05160, 100 and 20 pictures, are
    ImageNet-LT's own.)

    Args:
        class_counts: how many training pictures each class has.

    Returns:
        `many`, `medium`, `few` with their classes, ascending; empty where the largest class is less than `UNEQUAL`
        times the smallest.
    """
    sizes = np.asarray(class_counts, dtype=np.int64)
    if not len(sizes) or sizes.max() < UNEQUAL * sizes.min():
        return {}
    larger, no_smaller = (sizes > sizes[:, None]).sum(axis=1), (sizes >= sizes[:, None]).sum(axis=1)
    twice = larger + no_smaller  # the mean rank, doubled to stay whole
    many = (sizes == sizes.max()) | ((3 * twice < 2 * len(sizes)) & (sizes > sizes.min()))
    few = (sizes == sizes.min()) | ((3 * twice > 4 * len(sizes)) & ~many)
    groups = {"many": many, "medium": ~many & ~few, "few": few}
    return {name: tuple(np.flatnonzero(chosen).tolist()) for name, chosen in groups.items()}


def evaluate(
    logits: Floats, target: NDArray[np.int64], losses: Floats, log_probabilities: Floats | None = None
) -> Evaluation:
    """Every metric of one split.

    Args:
        logits: (n, classes), finite.
        target: true classes, (n,).
        losses: the trial's own loss per picture, (n,).
        log_probabilities: (n, classes); those of softmax(logits) when it is None.
    """
    n, num_classes = logits.shape
    given = logits if log_probabilities is None else log_probabilities
    nll = brier = confidence = 0.0
    bins = np.zeros((2, ECE_BINS))
    for rows in _pieces(n):
        each = _per_picture(given[rows], target[rows])
        nll += float(each.nll.sum())
        brier += float(each.brier.sum())
        confidence += float(each.confidence.sum())
        bins += _bins(each.confidence, logits[rows].argmax(axis=1) == target[rows])
    counts = confusion(target, logits.argmax(axis=1).astype(np.int64), num_classes)
    own = float(losses.astype(np.float64).mean())
    return Evaluation(counts, own, nll / n, brier / n, _error(bins, n), confidence / n)


def per_picture(given: Floats, target: NDArray[np.int64]) -> PerPicture:
    """NLL, Brier score and confidence of every picture; their means are those of `evaluate`.

    Args:
        given: logits, or logarithms of probabilities where these are not their softmax; (n, classes), n at least 1.
        target: true classes, (n,).
    """
    pieces = [_per_picture(given[rows], target[rows]) for rows in _pieces(len(target))]
    columns = zip(*((piece.nll, piece.brier, piece.confidence) for piece in pieces), strict=True)
    return PerPicture(*(np.concatenate(column) for column in columns))


def calibration_error(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> float:
    """Expected calibration error, 15 equal-width bins on the top probability; both arguments have shape (n,)."""
    return _error(_bins(confidence, hit), len(hit))


def reliability(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What a reliability diagram draws: per bin of ECE the pictures, their summed confidence and the hits.

    After DeGroot & Fienberg (1983), as drawn by Guo et al. (2017), arXiv:1706.04599.

    Args:
        confidence: the top probability of every picture, shape (n,).
        hit: whether its prediction is right, shape (n,).

    Returns:
        shape (3, ECE_BINS): counts, sums of confidences, counts of hits.
    """
    index = _bin_of(confidence)
    return np.stack([np.bincount(index, minlength=ECE_BINS).astype(np.float64), *_bins(confidence, hit)])


def log_softmax(logits: Floats) -> NDArray[np.float64]:
    """Logarithms of softmax(logits) in float64, (n, classes); leaves logarithms of probabilities as they are."""
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _pieces(n: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, n, _CHUNK))


def _per_picture(given: Floats, target: NDArray[np.int64]) -> PerPicture:
    log_p = log_softmax(given)
    at_y = log_p[np.arange(len(target)), target]
    brier = np.exp(2 * log_p).sum(axis=1) - 2 * np.exp(at_y) + 1
    return PerPicture(nll=-at_y, brier=brier, confidence=np.exp(log_p.max(axis=1)))


def _bins(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Per bin the sum of confidences and the count of hits, (2, ECE_BINS)."""
    index = _bin_of(confidence)
    return np.stack([np.bincount(index, weights=weights, minlength=ECE_BINS) for weights in (confidence, hit)])


def _bin_of(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)


def _error(bins: NDArray[np.float64], n: int) -> float:
    return float(np.abs(bins[0] - bins[1]).sum() / n)


def _ratio(numerator: NDArray[np.float64], denominator: Counts) -> NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
