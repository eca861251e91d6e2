"""Paired comparisons of losses: is a difference real, is it negligible, or is it not decided?

Seeds are the unit of replication; differences are paired over seeds; Holm over all pairs, for differences and for
equivalence each; two one-sided tests against the margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from lossbench.analysis.types import Comparison, Verdict

__all__ = ["Arm", "compare_all", "holm"]

ALPHA = 0.05
COUNTED = ("accuracy", "precision", "recall", "f1")
"""Metrics that come from whole pictures, whose differences cannot be finer than rounding."""
_ROUNDING = 1e-24
"""A variance of differences that is float64's own."""


@dataclass(frozen=True, eq=False)
class Arm:
    """What is compared of one loss.

    Args:
        label: the loss.
        values: the metric at the last epoch by seed, finished trials only.
        correct: per seed which test pictures were right, bool (pictures,); empty for metrics other than accuracy.
        diverged: how many seeds diverged.
    """

    label: str
    values: Mapping[int, float]
    correct: Mapping[int, np.ndarray]
    diverged: int


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two arms and their paired differences a − b, (seeds,)."""

    a: Arm
    b: Arm
    d: np.ndarray
    variance: float

    @classmethod
    def of(cls, a: Arm, b: Arm, floor: float) -> _Pair:
        d = np.array([a.values[seed] - b.values[seed] for seed in sorted(set(a.values) & set(b.values))])
        return cls(a, b, d, max(float(d.var(ddof=1)), floor) if len(d) > 1 else 0.0)

    @property
    def testable(self) -> bool:
        return self.variance > _ROUNDING

    @property
    def mean(self) -> float:
        return float(self.d.mean())

    @property
    def error(self) -> float:
        return float(np.sqrt(self.variance / len(self.d)))

    def half_width(self, alpha: float) -> float:
        """Half of the paired t interval at level 1 − alpha."""
        return float(stats.t.ppf(1 - alpha / 2, len(self.d) - 1)) * self.error

    def p_difference(self) -> float:
        """Two-sided paired t test."""
        return float(2 * stats.t.sf(abs(self.mean) / self.error, len(self.d) - 1))

    def p_equivalence(self, margin: float) -> float:
        """The larger of two one-sided paired t tests against the margin."""
        return float(stats.t.sf((margin - abs(self.mean)) / self.error, len(self.d) - 1))


def compare_all(
    arms: Sequence[Arm], metric: str, margin: float, higher_is_better: bool, pictures: int
) -> tuple[Comparison, ...]:
    """Every pair of losses, with verdicts.

    Args:
        arms: the losses, in the study's order.
        metric: what is compared, `test.accuracy`.
        margin: differences below it are of no practical importance.
        higher_is_better: the metric's good direction.
        pictures: how many test pictures the metric is taken over.
    """
    floor = 1 / (6 * pictures**2) if metric.rpartition(".")[2] in COUNTED else 0.0
    pairs = [_Pair.of(a, b, floor) for a, b in combinations(arms, 2)]
    differences = holm([pair.p_difference() if pair.testable else None for pair in pairs])
    equivalences = holm([pair.p_equivalence(margin) if pair.testable else None for pair in pairs])
    comparisons = []
    for pair, different, equivalent in zip(pairs, differences, equivalences, strict=True):
        verdict, reason = _verdict(pair, different, equivalent, margin, higher_is_better)
        low, high = _interval(pair)
        comparisons.append(
            Comparison(
                metric=metric,
                a=pair.a.label,
                b=pair.b.label,
                seeds=len(pair.d),
                difference=pair.mean if len(pair.d) else None,
                low=low,
                high=high,
                p_difference=pair.p_difference() if pair.testable else None,
                p_adjusted=different,
                p_equivalence=equivalent,
                probability_of_superiority=_superiority(pair.d if higher_is_better else -pair.d),
                verdict=verdict,
                reason=reason,
            )
        )
    return tuple(comparisons)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p-values; None stays None and counts for nothing.

    References:
        Holm, 1979, A Simple Sequentially Rejective Multiple Test Procedure, doi:10.2307/4615733.
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[index] = largest
    return adjusted


def _verdict(
    pair: _Pair, different: float | None, equivalent: float | None, margin: float, higher_is_better: bool
) -> tuple[Verdict, str]:
    """The verdict on a, the first that holds of equivalent, better, worse, undecided; and what qualifies it."""
    if different is None or equivalent is None:
        return "undecided", _untestable(pair)
    significant = different <= ALPHA and abs(pair.mean) > pair.half_width(ALPHA)
    inside = equivalent <= ALPHA and abs(pair.mean) + pair.half_width(2 * ALPHA) < margin
    if inside and not pair.a.diverged and not pair.b.diverged:
        return "equivalent", "real, but below the margin" if significant else ""
    if not significant:
        return "undecided", "a loss diverged in other seeds" if inside else "not significant"
    if len(pair.d) < 3:
        return "undecided", "fewer than 3 seeds"
    a_wins = (pair.mean > 0) == higher_is_better
    if (pair.a if a_wins else pair.b).diverged:
        return "undecided", "the better one diverged in other seeds"
    return ("better" if a_wins else "worse"), ""


def _untestable(pair: _Pair) -> str:
    """Why there is no p-value."""
    if len(pair.d) == 1:
        return "one seed: these trained networks only"
    if len(pair.d) > 1:
        return "the difference is the same in every seed"
    never = [arm.label for arm in (pair.a, pair.b) if arm.diverged and not arm.values]
    return f"{' and '.join(never)} diverged in every seed" if never else "no seed finished both"


def _interval(pair: _Pair) -> tuple[float | None, float | None]:
    """The paired t interval over seeds; with one seed the interval over test pictures of these two networks."""
    if pair.testable:
        half = pair.half_width(ALPHA)
    elif len(pair.d) == 1 and pair.a.correct and pair.b.correct:
        (seed,) = set(pair.a.values) & set(pair.b.values)
        d = pair.a.correct[seed].astype(np.float64) - pair.b.correct[seed].astype(np.float64)
        half = float(stats.norm.ppf(1 - ALPHA / 2) * d.std(ddof=1) / np.sqrt(len(d)))
    else:
        return None, None
    return pair.mean - half, pair.mean + half


def _superiority(d: np.ndarray) -> float | None:
    """(wins + ties / 2) / seeds."""
    return float((np.sum(d > 0) + np.sum(d == 0) / 2) / len(d)) if len(d) else None
