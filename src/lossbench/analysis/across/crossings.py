"""Where, along a series of conditions, one loss stops being better than another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from scipy import stats

from lossbench.analysis.across.levels import Level, Series
from lossbench.analysis.paired import ALPHA

__all__ = ["Crossing", "crossings"]

_ROUNDING = 1e-24  # a variance of differences that is float64's own
_REAL = 1e-9  # of a root's imaginary part: what rounding alone gives


@dataclass(frozen=True)
class Crossing:
    """A change of sign of the mean difference of two losses between two levels.

    Args:
        a: the loss that is ahead below.
        b: the loss that is ahead above.
        below: the level on the one side.
        above: the level on the other.
        at: where the straight line between the two mean differences meets zero, on the series' axis.
        low: lower end of the 95 % interval of that place, as far as it lies between the two levels: where it is
            `below`, it may reach further; None where fewer than two seeds finished at both, or all of them are alike.
        high: its upper end, likewise.
        shown: whether a is shown to be better at or below `below`, and worse at or above `above`, with no other change
            of sign on the way.
    """

    a: str
    b: str
    below: float
    above: float
    at: float
    low: float | None
    high: float | None
    shown: bool


def crossings(series: Series) -> tuple[Crossing, ...]:
    """Every crossing of every two losses along a series, by where it is."""
    losses = series.levels[0].lined.names
    found = [item for a, b in combinations(losses, 2) for item in _of_pair(series, a, b)]
    return tuple(sorted(found, key=lambda item: item.at))


@dataclass(frozen=True, eq=False)
class _Ahead:
    """How far the one loss is ahead of the other at one level, in the metric's good direction.

    Args:
        level: where.
        mean: mean over the seeds that both finished.
        shown: 1 for better, -1 for worse, else 0.
    """

    level: Level
    mean: float
    shown: int


def _of_pair(series: Series, a: str, b: str) -> Iterator[Crossing]:
    """Levels where the two are exactly alike lie between those where they are not."""
    known = [item for level in series.levels if (item := _ahead(level, a, b)) is not None and item.mean != 0]
    for place, (left, right) in enumerate(pairwise(known)):
        if (left.mean > 0) == (right.mean > 0):
            continue
        first, second = (a, b) if left.mean > 0 else (b, a)
        sign = 1 if left.mean > 0 else -1
        at = _meets_zero(series, left, right)
        low, high = _interval(series, left.level, right.level, a, b)
        sure = _shown(known[place::-1], sign) and _shown(known[place + 1 :], -sign)
        inside = low is not None and high is not None and low <= at <= high
        yield Crossing(
            a=first,
            b=second,
            below=left.level.value,
            above=right.level.value,
            at=at,
            low=low if inside else None,
            high=high if inside else None,
            shown=sure,
        )


def _ahead(level: Level, a: str, b: str) -> _Ahead | None:
    found = level.lined.pair(a, b)
    if found is None or found.difference is None or not math.isfinite(found.difference):
        return None
    if level.lined.estimate(a) is None or level.lined.estimate(b) is None:
        return None  # one that counts as guessing has no place on a line
    sign = 1 if level.lined.within.analysis.higher_is_better else -1
    return _Ahead(level, sign * found.difference, {"better": 1, "worse": -1}.get(found.verdict, 0))


def _meets_zero(series: Series, left: _Ahead, right: _Ahead) -> float:
    start, end = series.place(left.level.value), series.place(right.level.value)
    return series.level(start + (end - start) * left.mean / (left.mean - right.mean))


def _shown(items: Sequence[_Ahead], sign: int) -> bool:
    """Whether, going away from a crossing, the sign is shown before it changes again."""
    for item in items:
        if item.mean * sign < 0:
            return False
        if item.shown == sign:
            return True
    return False


def _interval(series: Series, left: Level, right: Level, a: str, b: str) -> tuple[float | None, float | None]:
    """The levels, between two, at which the line between their mean differences is not shown to differ from zero.

    By Fieller's theorem (1954, Some Problems in Interval Estimation, J. R. Stat. Soc. B 16), paired over the seeds
    that finished at both levels, so that what these share is taken into account. It is given whatever it is: were it
    given only where it is short, it would hold less often than it says.
    """
    d = _paired(left, right, a, b)
    if d is None or max(d.var(axis=1, ddof=1)) < _ROUNDING:
        return None, None
    start, end = d.mean(axis=1)
    if start * end >= 0:
        return None, None
    middle = start / (start - end)
    roots = _ends(d)
    low = max((root for root in roots if 0 < root <= middle), default=0.0)
    high = min((root for root in roots if middle <= root < 1), default=1.0)
    inside = _excluded(d)
    shares = (low if inside[0] else 0.0, high if inside[1] else 1.0)
    from_, to = series.place(left.value), series.place(right.value)
    at_ends = {0.0: left.value, 1.0: right.value}
    first, last = (at_ends.get(share, series.level(from_ + (to - from_) * share)) for share in shares)
    return first, last


def _quantile(seeds: int) -> float:
    """The squared quantile of t that a squared mean is held against, over the seeds."""
    return float(stats.t.ppf(1 - ALPHA / 2, seeds - 1)) ** 2 / seeds


def _excluded(d: np.ndarray) -> tuple[bool, bool]:
    """Whether a paired t test shows a difference at the one level, and at the other."""
    shown = d.mean(axis=1) ** 2 > _quantile(d.shape[1]) * d.var(axis=1, ddof=1)
    return bool(shown[0]), bool(shown[1])


def _ends(d: np.ndarray) -> list[float]:
    """The shares of the way from one level to the other at which the t test is just at its limit."""
    slope = d[1] - d[0]
    covariance, k = np.cov(np.stack([d[0], slope])), _quantile(d.shape[1])
    square = slope.mean() ** 2 - k * covariance[1, 1]
    half = d[0].mean() * slope.mean() - k * covariance[0, 1]
    rest = d[0].mean() ** 2 - k * covariance[0, 0]
    return [float(root.real) for root in np.roots([square, 2 * half, rest]) if abs(root.imag) < _REAL]


def _paired(left: Level, right: Level, a: str, b: str) -> np.ndarray | None:
    """Differences a − b by seed, shape (2, seeds), of the seeds that finished all four; None with fewer than two."""
    values = []
    for level in (left, right):
        for loss in (a, b):
            item = level.lined.estimate(loss)
            values.append(dict(zip(item.seeds, item.values, strict=True)) if item else {})
    seeds = sorted(set.intersection(*(set(of) for of in values)))
    if len(seeds) < 2:
        return None
    table = np.array([[of[seed] for seed in seeds] for of in values])
    return np.stack([table[0] - table[1], table[2] - table[3]])
