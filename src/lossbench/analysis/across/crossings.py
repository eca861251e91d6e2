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


@dataclass(frozen=True)
class Crossing:
    """A change of sign of the mean difference of two losses between two levels.

    Args:
        a: the loss that is ahead below.
        b: the loss that is ahead above.
        below: the level on the one side.
        above: the level on the other.
        at: where the straight line between the two mean differences meets zero, on the series' axis.
        low: lower end of the 95 % interval of that place; None where the line is not shown to meet zero between the
            two levels.
        high: its upper end.
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
    """The levels at which the line between two mean differences is not shown to differ from zero.

    By Fieller's theorem (1954, Some Problems in Interval Estimation, J. R. Stat. Soc. B 16), paired over the seeds
    that finished at both levels, so that what these share is taken into account. Nothing where the two ends
    themselves are not shown to lie on different sides.
    """
    d = _paired(left, right, a, b)
    if d is None:
        return None, None
    start, slope = d[0].mean(), (d[1] - d[0]).mean()
    n = d.shape[1]
    covariance = np.cov(np.stack([d[0], d[1] - d[0]]))
    k = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) ** 2 / n
    ends = d.mean(axis=1) ** 2 - k * d.var(axis=1, ddof=1)
    if min(d.var(axis=1, ddof=1)) < _ROUNDING or ends.min() <= 0 or d[0].mean() * d[1].mean() >= 0:
        return None, None
    square = slope**2 - k * covariance[1, 1]
    half = start * slope - k * covariance[0, 1]
    rest = start**2 - k * covariance[0, 0]
    root = math.sqrt(max(half**2 - square * rest, 0.0))
    shares = sorted(((-half - root) / square, (-half + root) / square))
    from_, to = series.place(left.value), series.place(right.value)
    low, high = (series.level(from_ + (to - from_) * float(share)) for share in shares)
    return low, high


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
