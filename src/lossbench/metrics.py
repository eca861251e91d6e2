"""Metrics over a whole split: from confusion counts, and from logits.

One vocabulary (law 6): macro unless said otherwise, zero division is 0, Brier is the sum over classes, ECE has 15
equal-width bins on the top probability. Nothing is averaged per batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ECE_BINS", "Evaluation", "Scores", "confusion", "evaluate", "scores"]

ECE_BINS = 15
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
    hits = np.diag(counts).astype(np.float64)
    predicted, actual = counts.sum(axis=0), counts.sum(axis=1)
    present = (predicted + actual) > 0
    return Scores(
        accuracy=float(hits.sum() / counts.sum()),
        precision=float(_ratio(hits, predicted)[present].mean()),
        recall=float(_ratio(hits, actual)[present].mean()),
        f1=float(_ratio(2 * hits, predicted + actual)[present].mean()),
    )


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
    nll = brier = confidence = 0.0
    bins = np.zeros((ECE_BINS, 2))  # per bin the sum of confidences and the count of hits
    for start in range(0, n, _CHUNK):
        rows = slice(start, start + _CHUNK)
        given = logits if log_probabilities is None else log_probabilities
        log_p = _log_softmax(given[rows].astype(np.float64))  # leaves logarithms of probabilities as they are
        y = target[rows]
        top, hit = np.exp(log_p.max(axis=1)), logits[rows].argmax(axis=1) == y
        at_y = log_p[np.arange(len(y)), y]
        nll -= float(at_y.sum())
        brier += float((np.exp(2 * log_p).sum(axis=1) - 2 * np.exp(at_y) + 1).sum())
        confidence += float(top.sum())
        index = np.minimum((top * ECE_BINS).astype(np.int64), ECE_BINS - 1)
        bins[:, 0] += np.bincount(index, weights=top, minlength=ECE_BINS)
        bins[:, 1] += np.bincount(index, weights=hit, minlength=ECE_BINS)
    counts = confusion(target, logits.argmax(axis=1).astype(np.int64), num_classes)
    ece = float(np.abs(bins[:, 0] - bins[:, 1]).sum() / n)
    return Evaluation(counts, float(losses.astype(np.float64).mean()), nll / n, brier / n, ece, confidence / n)


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _ratio(numerator: NDArray[np.float64], denominator: Counts) -> NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
