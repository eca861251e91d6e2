"""Paired differences over seeds: their t tests against nothing and against a margin, and their intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = ["ALPHA", "Differences"]

ALPHA = 0.05
"""Of every family of tests, and 1 − the confidence of every interval."""

_ROUNDING = 1e-24
"""A variance of differences that is float64's own."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Differences:
    """Means of paired differences with the variance that tests use; every attribute has the same shape (...).

    What cannot be tested (no variance, fewer than two seeds) has NaN for p-values and ends of intervals.

    Args:
        mean: mean over seeds; NaN without a seed.
        variance: of one seed's difference; NaN where it cannot be tested.
        n: how many seeds.
        df: degrees of freedom of the variance.
        degenerate: whether the variance was raised to its floor.
    """

    mean: Floats
    variance: Floats
    n: Floats
    df: Floats
    degenerate: NDArray[np.bool_]

    @classmethod
    def of(cls, d: ArrayLike, floor: float = 0.0) -> Differences:
        """Of differences by seed.

        Args:
            d: shape (..., seeds); NaN where a seed is not of the pair.
            floor: the least variance that the metric's rounding allows, 1 / (6 pictures²); 0 where it is unknown.
        """
        d = np.asarray(d, dtype=np.float64)
        there = ~np.isnan(d)
        n = there.sum(axis=-1).astype(np.float64)
        some, many = n > 0, n > 1
        mean = np.where(some, np.where(there, d, 0.0).sum(axis=-1) / np.maximum(n, 1), np.nan)
        away = np.where(there, d - np.where(some, mean, 0.0)[..., None], 0.0)
        variance = (away**2).sum(axis=-1) / np.maximum(n - 1, 1)
        degenerate = many & (variance < floor)
        variance = np.where(many, np.maximum(variance, floor), np.nan)
        variance = np.where(variance > _ROUNDING, variance, np.nan)
        return cls(mean, variance, n, np.where(many, n - 1, np.nan), degenerate)

    @property
    def testable(self) -> NDArray[np.bool_]:
        """Where there is a variance to test with."""
        return ~np.isnan(self.variance)

    @property
    def error(self) -> Floats:
        """Standard error of the mean."""
        return np.sqrt(self.variance / np.maximum(self.n, 1))

    def using(self, variance: Floats, df: Floats) -> Differences:
        """The same means tested with another variance."""
        return replace(self, variance=variance, df=df)

    def p_difference(self) -> Floats:
        """Two-sided t test of no difference (Student, 1908, doi:10.1093/biomet/6.1.1)."""
        return np.asarray(2 * stats.t.sf(np.abs(self.mean) / self.error, self.df))

    def p_greater(self) -> Floats:
        """One-sided t test: small where the mean is shown to be above 0."""
        return np.asarray(stats.t.sf(self.mean / self.error, self.df))

    def p_equivalence(self, margin: float) -> Floats:
        """Two one-sided t tests: small where the mean is shown to lie within ± margin.

        References:
            Schuirmann, 1987, A Comparison of the Two One-Sided Tests Procedure, doi:10.1007/BF01068419.
        """
        return np.asarray(stats.t.sf((margin - np.abs(self.mean)) / self.error, self.df))

    def half_width(self, alpha: ArrayLike = ALPHA) -> Floats:
        """Half of the interval at level 1 − alpha."""
        return np.asarray(stats.t.ppf(1 - np.asarray(alpha) / 2, self.df) * self.error)

    def interval(self, alpha: ArrayLike = ALPHA) -> tuple[Floats, Floats]:
        """Both ends of the t interval at level 1 − alpha."""
        half = self.half_width(alpha)
        return self.mean - half, self.mean + half
