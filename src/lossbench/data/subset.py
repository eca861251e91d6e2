"""Fewer training pictures: `train_size(0.1)` and `train_size(5000)`, each class in proportion."""

from __future__ import annotations

import numpy as np

from lossbench.data.pictures import Indices, Labels
from lossbench.data.split import apportioned, drawn
from lossbench.errors import DataError
from lossbench.rng import stream

__all__ = ["subset"]

_FIELD = "scenarios.train_size"


def subset(labels: Labels, size: float, seed: int) -> Indices:
    """Which pictures are used.

    At one seed the pictures are taken in one order, class by class, so that a larger size of a class holds the smaller.

    Args:
        labels: (n,) of all pictures of the training split, each class with at least one.
        size: a share below 1, of which `round(n * share)` pictures are used, or their number.
        seed: what they are drawn with.

    Returns:
        Sorted positions, int64.

    Raises:
        DataError: more than there are, or so few that a class would have none.
    """
    n, counts = len(labels), np.bincount(labels)
    if size > n:
        raise DataError(_FIELD, f"at most the {n} pictures of the training split", int(size))
    total = round(n * size) if size < 1 else int(size)
    numbers = apportioned(np.asarray(counts * total / n, dtype=np.float64), counts, total)
    if not numbers.all():
        allowed = "a size that leaves every class at least one training picture"
        raise DataError(_FIELD, allowed, size if size < 1 else int(size), f"{total} pictures, {len(counts)} classes")
    return np.flatnonzero(drawn(labels, numbers, stream(seed, "train size")))
