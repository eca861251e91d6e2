"""A stratified split: which training pictures are held out, as a function of labels, share and seed alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lossbench.data.pictures import Indices
from lossbench.errors import DataError
from lossbench.rng import stream

__all__ = ["apportioned", "drawn", "hold_out"]


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
    numbers = apportioned(counts * share, counts - 1, round(len(labels) * share))
    held = drawn(classes, numbers, stream(seed, "split"))
    return np.flatnonzero(~held), np.flatnonzero(held)


def apportioned(quotas: npt.NDArray[np.float64], caps: npt.NDArray[np.int64], total: int) -> npt.NDArray[np.int64]:
    """How many of each class are taken: largest remainders first, ties to the lower class.

    Args:
        quotas: (classes,) how many it would be, were there parts of pictures.
        caps: (classes,) how many it can be at most.
        total: how many are taken together, or fewer where the caps allow no more.
    """
    given: npt.NDArray[np.int64] = np.minimum(np.floor(quotas).astype(np.int64), caps)
    while given.sum() < min(total, int(caps.sum())):
        given[np.argmax(np.where(given < caps, quotas - given, -np.inf))] += 1
    return given


def drawn(
    classes: npt.NDArray[np.integer], numbers: npt.ArrayLike, generator: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Draws so many of each class.

    Args:
        classes: (n,) the class of each picture, from 0.
        numbers: (classes,) how many of each are drawn; all where a class has fewer.
        generator: what they are drawn with: it gives one uniform number for each picture.

    Returns:
        (n,) whether a picture was drawn.
    """
    wanted = np.asarray(numbers)
    # Ranks of uniform numbers: NumPy promises less about the stream behind its permutations.
    order = np.argsort(generator.random(len(classes)), kind="stable")
    grouped = order[np.argsort(classes[order], kind="stable")]
    counts = np.bincount(classes, minlength=len(wanted))
    place = np.arange(len(classes)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = np.zeros(len(classes), dtype=bool)
    chosen[grouped] = place < np.repeat(wanted, counts)
    return chosen
