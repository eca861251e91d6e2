"""A variance that borrows from all losses, for studies with many losses and few seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

__all__ = ["Prior", "many"]

Floats = NDArray[np.float64]

_FEWEST_SEEDS = 3  # complete for all losses, before a prior is taken from them
_NO_SPREAD = 1e12  # degrees of freedom that stand for infinitely many
_UNLIKE = 0.95  # a loss whose variance is beyond this quantile of what the prior expects is left with its own


def many(losses: int, seeds: ArrayLike) -> NDArray[np.bool_]:
    """Whether there are so many losses for so few seeds that the variance is moderated."""
    seeds = np.asarray(seeds)
    return np.asarray(((losses >= 8) & (seeds >= 4)) | ((losses >= 20) & (seeds == 3)))


@dataclass(frozen=True, eq=False)
class Prior:
    """What the variances of all losses say about the variance of any.

    Args:
        variance: s0², of one loss's value when the seed's own effect is taken away; shape (...).
        df: d0, how many degrees of freedom this knowledge is worth; shape (...).
        unlike: which losses vary more than the prior explains, (..., losses).
    """

    variance: Floats
    df: Floats
    unlike: NDArray[np.bool_]

    @classmethod
    def of(cls, values: ArrayLike) -> Prior | None:
        """Smyth's moments of the losses' variances; None with too few seeds, or where no loss varies.

        Args:
            values: the metric of every loss and seed, none missing, (..., losses, seeds).

        References:
            Smyth, 2004, Linear Models and Empirical Bayes Methods, doi:10.2202/1544-6115.1027.
        """
        values = np.asarray(values, dtype=np.float64)
        losses, seeds = values.shape[-2:]
        if seeds < _FEWEST_SEEDS or losses < 2:
            return None
        own = seeds - 1
        residual = values - values.mean(axis=-2, keepdims=True)
        variances = residual.var(axis=-1, ddof=1) * losses / (losses - 1)
        varies = values.var(axis=-1) > 0
        count = varies.sum(axis=-1)
        if not np.all(count > 1):
            return None
        logs = np.log(np.where(varies & (variances > 0), variances, 1.0)) - special.digamma(own / 2) + np.log(own / 2)
        centre = np.where(varies, logs, 0.0).sum(axis=-1) / count
        spread = np.where(varies, (logs - centre[..., None]) ** 2, 0.0).sum(axis=-1) / (count - 1)
        spread = spread - special.polygamma(1, own / 2)
        free = _degrees_of_freedom(spread)
        df = np.minimum(free, (losses - 1) * own)
        variance = np.exp(centre + special.digamma(free / 2) - np.log(free / 2))
        limit = stats.f.ppf(_UNLIKE, own, df) * variance
        return cls(variance, df, variances > limit[..., None])

    def moderate(
        self, variance: Floats, n: Floats, a: NDArray[np.int64], b: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """The variance of pairs' differences and its degrees of freedom.

        Never below the pair's own; a pair of which one loss is unlike the others keeps its own.

        Args:
            variance: s² of each pair, (..., pairs).
            n: how many seeds each pair has, (..., pairs).
            a: index of each pair's first loss, (pairs,).
            b: of its second.
        """
        own = n - 1
        d0, s0 = self.df[..., None], self.variance[..., None]
        shrunk = np.maximum(variance, (2 * d0 * s0 + own * variance) / (d0 + own))
        alone = self.unlike[..., a] | self.unlike[..., b] | np.isnan(variance)
        return np.where(alone, variance, shrunk), np.where(alone, own, d0 + own)


@np.vectorize
def _degrees_of_freedom(spread: float) -> float:
    """2 x with trigamma(x) = spread; `_NO_SPREAD` where the spread is no more than chance."""
    if spread <= 2 / _NO_SPREAD:
        return _NO_SPREAD
    root = optimize.brentq(lambda x: np.log(special.polygamma(1, np.exp(x)) / spread), -40.0, 40.0, xtol=1e-13)
    return float(2 * np.exp(root))
