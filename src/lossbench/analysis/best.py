"""The best set: which losses are not shown to be below the best."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbench.analysis.paired import Differences

__all__ = ["leaves_best", "p_leaves_best"]

Floats = NDArray[np.float64]


def leaves_best(p_above: ArrayLike) -> Floats:
    """The adjusted p-value at which each loss leaves the best set.

    A loss leaves where another is above it: the smallest of its one-sided p-values times how many others there are.
    With a common variance this is the comparison with the best of Hsu, 1984, doi:10.1214/aos/1176346732, with
    Bonferroni's bound in place of Dunnett's; with one variance per pair it needs no common one.

    Args:
        p_above: (..., losses, losses), at [j, i] the one-sided p-value that j is above i; NaN where it cannot be asked.

    Returns:
        shape (..., losses); NaN for a loss that nothing can be asked of.
    """
    p = np.asarray(p_above, dtype=np.float64)
    asked = ~np.isnan(p)
    least = np.where(asked, p, 1.0).min(axis=-2)
    return np.where(asked.any(axis=-2), np.minimum(least * (p.shape[-1] - 1), 1.0), np.nan)


def p_leaves_best(values: ArrayLike) -> Floats:
    """The same from values by seed, with the plain variance of each pair.

    Args:
        values: higher is better, (..., losses, seeds); NaN where a seed is missing.
    """
    x = np.asarray(values, dtype=np.float64)
    losses = x.shape[-2]
    p = np.full((*x.shape[:-2], losses, losses), np.nan)
    for i, j in combinations(range(losses), 2):
        above = Differences.of(x[..., i, :] - x[..., j, :]).p_greater()
        p[..., i, j], p[..., j, i] = above, 1 - above
    return leaves_best(p)
