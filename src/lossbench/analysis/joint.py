"""The difference of our mean and a published one, with an interval from whatever spread is known."""

from __future__ import annotations

import math

from scipy import stats

from lossbench.analysis.published_types import Basis

__all__ = ["joint_interval"]

_CONFIDENCE = 0.95


def joint_interval(
    ours: tuple[float, float | None, int], theirs: tuple[float, float | None, int | None]
) -> tuple[float | None, float | None, Basis]:
    """The 95 % interval of the difference of two means, ours − theirs, and whose spread it comes from.

    With the spread of both it is Welch's t interval. Where ours is one value, the published standard deviation is taken
    for it: an interval for one more run beside theirs. Where theirs is unknown, the published number is taken as exact:
    the t interval of our mean, moved by it.

    Args:
        ours: mean, standard deviation (None with one value), number of values.
        theirs: the same; None for what the source does not say.

    Returns:
        both ends, None where no spread is known or all of it is 0, and the basis.

    References:
        Welch, 1947, The Generalization of Student's Problem when Several Different Population Variances are Involved,
        doi:10.1093/biomet/34.1-2.28.
    """
    (mean, sd, n), (published, published_sd, runs) = ours, theirs
    own = None if sd is None or n < 2 else (sd**2 / n, n - 1)
    other = None if published_sd is None or runs is None or runs < 2 else (published_sd**2 / runs, runs - 1)
    if own and other:
        return _around(mean - published, own[0] + other[0], _welch(own, other), "both")
    if other:
        one_more_run = other[0] * (other[1] + 1)  # the variance of a run, from that of the mean of their runs
        return _around(mean - published, one_more_run + other[0], other[1], "theirs")
    if own:
        return _around(mean - published, *own, "ours")
    return None, None, "none"


def _welch(a: tuple[float, int], b: tuple[float, int]) -> float:
    """Satterthwaite's degrees of freedom of the sum of two means' variances."""
    whole = a[0] + b[0]
    return whole**2 / (a[0] ** 2 / a[1] + b[0] ** 2 / b[1]) if whole else 1.0


def _around(difference: float, variance: float, df: float, basis: Basis) -> tuple[float | None, float | None, Basis]:
    if not variance > 0 or not math.isfinite(difference):
        return None, None, "none"
    half = float(stats.t.ppf((1 + _CONFIDENCE) / 2, df)) * math.sqrt(variance)
    return difference - half, difference + half, basis
