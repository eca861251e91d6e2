"""Wrong labels whose number is exact: symmetric, pair and asymmetric label noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lossbench.data.exact import exact_share
from lossbench.data.pictures import Labels
from lossbench.data.split import drawn

__all__ = ["mapped", "pair_map", "symmetric"]


def symmetric(labels: Labels, classes: int, rate: float, generator: np.random.Generator) -> Labels:
    """Of each class exactly the rate's share gets one of the other classes, each as likely.

    As Ma et al. (2020), arXiv:2006.13554: no label is moved to itself, so that the share of wrong labels is the rate.

    Args:
        labels: (n,).
        classes: how many there are.
        rate: the share that is moved; of n pictures `rate * n`, rounded half up.
        generator: what is drawn with.

    Returns:
        (n,).
    """
    moved = _moved(labels, np.ones(classes, dtype=bool), rate, generator)
    steps = 1 + np.floor(generator.random(len(labels)) * (classes - 1)).astype(np.int64)
    return np.where(moved, (labels + steps) % classes, labels)


def mapped(
    labels: Labels, classes: int, moves: Mapping[int, int], rate: float, generator: np.random.Generator
) -> Labels:
    """Of each class in the map exactly the rate's share gets the class that it is mistaken for.

    Args:
        labels: (n,).
        classes: how many there are.
        moves: from class to class; labels of other classes stay.
        rate: the share that is moved; of n pictures `rate * n`, rounded half up.
        generator: what is drawn with.

    Returns:
        (n,).
    """
    there = np.array([moves.get(number, number) for number in range(classes)])
    moved = _moved(labels, there != np.arange(classes), rate, generator)
    return np.where(moved, there[labels], labels)


def pair_map(classes: int) -> dict[int, int]:
    """Each class is mistaken for the next, the last for the first: Han et al. (2018), arXiv:1804.06872."""
    return {number: (number + 1) % classes for number in range(classes)}


def _moved(
    labels: Labels, concerned: npt.NDArray[np.bool_], rate: float, generator: np.random.Generator
) -> npt.NDArray[np.bool_]:
    counts = np.bincount(labels, minlength=len(concerned)).tolist()
    numbers = [exact_share(rate, count) if moves else 0 for count, moves in zip(counts, concerned, strict=True)]
    return drawn(labels, numbers, generator)
