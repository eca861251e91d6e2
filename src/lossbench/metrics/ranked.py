"""Metrics that come from an order: of a picture's classes, and of the pictures by a class's probability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["auroc", "in_top"]

_CLASSES = 64  # whose probabilities of all pictures are held at once
_ROWS = 4096  # whose exponentials of all classes are

Floats = NDArray[np.floating[Any]]


def in_top(logits: Floats, target: NDArray[np.int64], k: int = 5) -> NDArray[np.bool_]:
    """Which pictures have their class among the k highest logits, bool (n,).

    Of equal logits the first class counts as the higher one, as in the argument of the maximum that accuracy is made
    from: with k = 1 the mean is the accuracy.

    Args:
        logits: (n, classes), finite.
        target: true classes, (n,).
        k: how many classes may be named.
    """
    own = np.take_along_axis(logits, target[:, None], axis=1)
    before = np.arange(logits.shape[1]) < target[:, None]
    higher = (logits > own) | ((logits == own) & before)
    return np.asarray(np.count_nonzero(higher, axis=1) < k)


def auroc(given: Floats, target: NDArray[np.int64]) -> float:
    """Area under the ROC curve, each class against the rest, averaged over classes.

    Of a class it is the share of pairs, one picture of the class and one of another, in which the former has the higher
    probability of the class; a tie counts half. That is what scikit-learn's `roc_auc_score` gives for the probabilities
    with `multi_class="ovr", average="macro"`. A class that no picture shows, or that all show, has no such pairs and is
    left out; NaN where every class is.

    Args:
        given: logits, or logarithms of probabilities where these are not their softmax; (n, classes), n at least 1.
        target: true classes, (n,).

    References:
        Fawcett, 2006, An introduction to ROC analysis, doi:10.1016/j.patrec.2005.10.010.
    """
    number = np.bincount(target, minlength=given.shape[1])
    known = (number > 0) & (number < len(target))
    areas = [_area(values, target == label) for label, values in _by_class(given) if known[label]]
    return float(np.mean(areas)) if areas else float("nan")


def _by_class(given: Floats) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Each class with its probability of every picture, (n,): to the bit those of `log_softmax`, of which ties depend.

    A few classes are held at a time, for all of them together are large.
    """
    top = given.max(axis=1).astype(np.float64)
    total = np.empty(len(given))
    for start in range(0, len(given), _ROWS):
        rows = slice(start, start + _ROWS)
        total[rows] = np.exp(given[rows].astype(np.float64) - top[rows, None]).sum(axis=1)
    total = np.log(total)
    for start in range(0, given.shape[1], _CLASSES):
        some = np.ascontiguousarray(given[:, start : start + _CLASSES].T).astype(np.float64)
        for place, values in enumerate(np.exp(some - top - total)):
            yield start + place, values


def _area(values: Floats, positive: NDArray[np.bool_]) -> float:
    """Mann and Whitney's statistic over the number of pairs: sorting the others tells where each of the class lies."""
    ours, others = values[positive], np.sort(values[~positive])
    below = np.searchsorted(others, ours, side="left").astype(np.float64)
    not_above = np.searchsorted(others, ours, side="right")
    return float((below + not_above).sum() / (2 * len(ours) * len(others)))
