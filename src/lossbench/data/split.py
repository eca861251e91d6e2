"""A stratified split: which training pictures are held out, as a function of labels, share and seed alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lossbench.data.pictures import Indices
from lossbench.errors import DataError
from lossbench.rng import stream

__all__ = ["hold_out"]


def hold_out(labels: npt.NDArray[np.integer], share: float, seed: int) -> tuple[Indices, Indices]:
    """Splits positions into kept and held out, each class in proportion.

    Args:
        labels: (n,) the class of each picture.
        share: how much is held out, from 0 to below 1. Together `round(n * share)` pictures are held, or fewer
            where every class has to keep at least one.
        seed: what the choice is derived from.

    Returns:
        Kept and held positions, int64, each sorted.

    Raises:
        DataError: the share is not from 0 to below 1.
    """
    if not 0 <= share < 1:
        raise DataError("share", "a number of at least 0 and less than 1", share)
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    held = np.zeros(len(labels), dtype=bool)
    # Ranks of uniform numbers: NumPy promises less about the stream behind its permutations.
    order = np.argsort(stream(seed, "split").random(len(labels)), kind="stable")
    for label, number in enumerate(_apportioned(counts, share)):
        held[order[classes[order] == label][:number]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def _apportioned(counts: npt.NDArray[np.int64], share: float) -> npt.NDArray[np.int64]:
    """How many of each class are held: largest remainders first, ties to the lower class, one of each kept."""
    quotas, caps = counts * share, counts - 1
    given: npt.NDArray[np.int64] = np.minimum(np.floor(quotas).astype(np.int64), caps)
    total = min(round(int(counts.sum()) * share), int(caps.sum()))
    while given.sum() < total:
        given[np.argmax(np.where(given < caps, quotas - given, -np.inf))] += 1
    return given
