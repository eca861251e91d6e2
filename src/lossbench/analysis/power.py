"""How many seeds would decide."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = ["LIMIT", "MOST_SEEDS", "POWER", "seeds_to_decide"]

POWER = 0.8
"""The chance of deciding that is asked for."""

LIMIT = 0.8
"""The level of the upper limit of a standard deviation."""

MOST_SEEDS = 1000
"""More seeds than this are not spoken of."""

Floats = NDArray[np.float64]


def seeds_to_decide(mean: ArrayLike, variance: ArrayLike, margin: float, alpha: float) -> Floats:
    """The least number of seeds with 80 % power to show a difference, or that it is below the margin.

    The difference and its variance are taken for the true ones. The power of the t test is that of the noncentral t;
    of the two one-sided tests it is the bound by the power of each.

    Args:
        mean: mean difference, shape (...).
        variance: of one seed's difference, the same shape.
        margin: differences below it are of no importance.
        alpha: the level of the test.

    Returns:
        shape (...), at least 3; NaN where more than `MOST_SEEDS` were needed, or nothing is known.
    """
    mean, variance = np.broadcast_arrays(np.abs(np.asarray(mean, float)), np.asarray(variance, float))
    known = ~np.isnan(mean) & ~np.isnan(variance)
    d, s = np.where(known, mean, 0.0), np.sqrt(np.where(known, variance, 1.0))
    low, high = np.full(d.shape, 2.0), np.full(d.shape, float(MOST_SEEDS))
    reached = known & (_power(d, s, high, margin, alpha) >= POWER)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        enough = _power(d, s, middle, margin, alpha) >= POWER
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(reached, high, np.nan)


def upper_variance(variance: ArrayLike, df: ArrayLike) -> Floats:
    """A variance with the standard deviation at its upper 80 % limit."""
    df = np.asarray(df, dtype=np.float64)
    return np.asarray(np.asarray(variance) * df / stats.chi2.ppf(1 - LIMIT, df))


def _power(d: Floats, s: Floats, n: Floats, margin: float, alpha: float) -> Floats:
    root, df = np.sqrt(n) / s, n - 1
    two_sided, one_sided = (np.asarray(stats.t.ppf(1 - part, df)) for part in (alpha / 2, alpha))
    different = _beyond(two_sided, df, d * root)
    inside = _beyond(one_sided, df, (margin - d) * root) + _beyond(one_sided, df, (margin + d) * root) - 1
    return np.maximum(different, np.where(d < margin, inside, 0.0))


def _beyond(quantile: Floats, df: Floats, shift: Floats) -> Floats:
    """P(T > quantile) of the noncentral t; far shifts are certain."""
    far = shift - quantile > 40
    return np.where(far, 1.0, np.asarray(stats.nct.sf(quantile, df, np.where(far, 0.0, np.clip(shift, -30.0, 60.0)))))
