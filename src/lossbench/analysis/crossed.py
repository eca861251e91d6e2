"""The interval that speaks of new test pictures too: seeds crossed with pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = ["Crossed"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Crossed:
    """The variance of every pair's mean difference when both seeds and pictures are drawn anew.

    The form of Obuchowski, Rockette, 1995, doi:10.1080/03610919508813243, with the degrees of freedom of Hillis, 2007,
    doi:10.1002/sim.2532.

    Args:
        variance: of the mean difference, (..., losses, losses).
        df: its degrees of freedom, the same shape.
    """

    variance: Floats
    df: Floats

    @classmethod
    def of(cls, values: ArrayLike, floor: float = 0.0) -> Crossed:
        """Of what each loss, seed and picture gave.

        Args:
            values: correct or not, or the picture's own loss, (..., losses, seeds, pictures); at least two seeds.
            floor: the least variance of a seed's mean difference.
        """
        x = np.asarray(values, dtype=np.float64)
        n, m = x.shape[-2:]
        x = x - x.mean(axis=-3, keepdims=True)  # no difference changes, and the sums below lose fewer digits
        seeds = x.mean(axis=-1)
        between_seeds = m * np.maximum(_variance(seeds), floor)
        between_pictures = n * _variance(x.mean(axis=-2))
        whole = _squares(x.reshape(*x.shape[:-2], n * m))
        mean = seeds.mean(axis=-1)
        square = (mean[..., :, None] - mean[..., None, :]) ** 2
        left = whole - n * m * square - (n - 1) * m * _variance(seeds) - (m - 1) * between_pictures
        within = left / ((n - 1) * (m - 1))
        variance = (between_seeds + np.maximum(between_pictures - within, 0.0)) / (n * m)
        ratio = np.divide(variance * n * m, between_seeds, out=np.ones_like(variance), where=between_seeds > 0)
        return cls(variance, (n - 1) * ratio**2)

    def half_width(self, alpha: float) -> Floats:
        """Half of the interval at level 1 − alpha, (..., losses, losses)."""
        return np.asarray(stats.t.ppf(1 - alpha / 2, self.df) * np.sqrt(self.variance))


def _squares(x: Floats) -> Floats:
    """Sums of squared differences of every pair of rows: (..., rows, columns) -> (..., rows, rows)."""
    own = (x**2).sum(axis=-1)
    return np.asarray(np.maximum(own[..., :, None] + own[..., None, :] - 2 * (x @ np.swapaxes(x, -1, -2)), 0.0))


def _variance(x: Floats) -> Floats:
    """Variances (n − 1) of the differences of every pair of rows."""
    return np.asarray(_squares(x - x.mean(axis=-1, keepdims=True)) / (x.shape[-1] - 1))
