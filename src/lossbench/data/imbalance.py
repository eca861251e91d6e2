"""Classes of unequal size: pictures are left out of the training split until they have the sizes of a profile."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lossbench.data.class_names import class_number
from lossbench.data.exact import exact_part
from lossbench.data.pictures import Indices, Labels
from lossbench.data.split import drawn
from lossbench.errors import RequestError
from lossbench.rng import stream
from lossbench.spec import Imbalance

__all__ = ["class_sizes", "thinned"]

_FIELD = "scenarios.imbalance.minority"


def thinned(labels: Labels, imbalance: Imbalance, class_names: Sequence[str], seed: int) -> Indices:
    """Which pictures are kept: of each class as many as `class_sizes` says, drawn.

    Args:
        labels: (n,) of the pictures there are.
        imbalance: the profile.
        class_names: the data's.
        seed: what they are drawn with.

    Returns:
        Sorted positions, int64.

    Raises:
        RequestError: as `class_sizes`.
    """
    sizes = class_sizes(imbalance, np.bincount(labels, minlength=len(class_names)).tolist(), class_names)
    return np.flatnonzero(drawn(labels, sizes, stream(seed, "imbalance")))


def class_sizes(imbalance: Imbalance, counts: Sequence[int], class_names: Sequence[str]) -> tuple[int, ...]:
    """How many pictures each class keeps.

    Exponential: the k-th of K classes keeps `floor(n_max * factor ** (-k / (K - 1)))`, k from 0, as in the code of
    Cui et al. (2019), arXiv:1901.05555, and Cao et al. (2019), arXiv:1906.07413. Step (Buda et al. (2018),
    arXiv:1710.05381): the minority classes keep `floor(n_max / factor)`, the others all they have; of an odd number of
    classes the one in the middle is no minority.

    Args:
        imbalance: the profile.
        counts: how many pictures each class has; n_max is the largest.
        class_names: the data's.

    Returns:
        One size per class, at least 1 and never more than a class has.

    Raises:
        RequestError: a minority class that the data do not have, one named twice, or, of a step, all of them.
    """
    named = _minority(imbalance, class_names)
    profile = _exponential if imbalance.kind == "exponential" else _step
    sizes = profile(imbalance.factor, max(counts), len(counts), named)
    return tuple(min(max(size, 1), count) for size, count in zip(sizes, counts, strict=True))


def _exponential(factor: float, largest: int, classes: int, named: Sequence[int] | None) -> list[int]:
    last = list(named or ())
    order = [number for number in range(classes) if number not in last] + last
    sizes = [0] * classes
    for place, number in enumerate(order):
        sizes[number] = _floor(largest * factor ** (-place / (classes - 1)))
    return sizes


def _step(factor: float, largest: int, classes: int, named: Sequence[int] | None) -> list[int]:
    minority = range(classes - classes // 2, classes) if named is None else named
    return [exact_part(largest, factor) if number in minority else largest for number in range(classes)]


def _floor(value: float) -> int:
    """The whole number below, or the nearest where a power fell short of it: 49.99999999999999 is 50."""
    nearest = round(value)
    return nearest if math.isclose(value, nearest, rel_tol=1e-12) else math.floor(value)


def _minority(imbalance: Imbalance, class_names: Sequence[str]) -> list[int] | None:
    names = imbalance.minority_names
    if names is None:
        return None
    numbers = [class_number(_FIELD, name, class_names) for name in names]
    if len(set(numbers)) < len(numbers):
        raise RequestError(_FIELD, "every class once", ", ".join(names))
    if imbalance.kind == "step" and len(numbers) == len(class_names):
        raise RequestError(_FIELD, "a class that is left out, for it to be large", ", ".join(names))
    return numbers
