"""Verdicts: is a difference real, is it negligible, or is it not decided?

Seeds are the unit of replication; differences are paired over seeds; Holm over all pairs, for differences and for
equivalence each; two one-sided tests against the margin.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from lossbench.analysis.family import FEWEST_SEEDS, Family
from lossbench.analysis.holm import holm, holm_levels
from lossbench.analysis.paired import ALPHA
from lossbench.analysis.power import seeds_to_decide, upper_variance
from lossbench.analysis.shares import exact_interval, mcnemar
from lossbench.analysis.types import Comparison, Verdict
from lossbench.spec import LOOKS

__all__ = ["compare_all"]


def compare_all(family: Family) -> tuple[Comparison, ...]:
    """Every pair of losses, with verdicts."""
    if not family.pairs:
        return ()
    tables = _Tables(family)
    return tuple(tables.comparison(index) for index in range(len(family.pairs)))


class _Tables:
    """The columns of all comparisons, computed at once; NaN stands for None."""

    def __init__(self, family: Family) -> None:
        self.family = family
        plain, used, margin = family.plain, family.used, family.question.margin
        self.low, self.high = plain.interval(family.alpha)
        self.low_new, self.high_new = family.new_pictures
        self.p_adjusted, self.p_equivalence = holm(family.p_difference), holm(family.p_equivalence)
        levels = holm_levels(family.p_difference, family.alpha)
        self.low_verdict, self.high_verdict = used.interval(levels)
        tested = max(int(used.testable.sum()), 1)
        self.decide = seeds_to_decide(used.mean, used.variance, margin, ALPHA / tested)
        self.decide_high = seeds_to_decide(used.mean, upper_variance(used.variance, used.df), margin, ALPHA / tested)
        guarded = family.question.looks is None
        self.significant = (self.p_adjusted <= ALPHA) & (
            (np.abs(plain.mean) > plain.half_width(ALPHA)) if guarded else True
        )
        self.inside = (self.p_equivalence <= ALPHA) & (
            (np.abs(plain.mean) + plain.half_width(2 * ALPHA) < margin) if guarded else True
        )

    def comparison(self, index: int) -> Comparison:
        family = self.family
        a, b = (family.arms[end] for end in family.pairs[index])
        verdict, reason = self._verdict(index)
        low, high = self.low[index], self.high[index]
        n = int(family.plain.n[index])
        p_mcnemar = None
        if n == 1 and a.per_picture and b.per_picture:
            low, high, p_mcnemar = self._one_seed(index)
        d = family.d[index]
        superiority = _superiority(d[~np.isnan(d)] * (1 if family.question.higher_is_better else -1))
        undecided = verdict == "undecided" and n >= 2
        return Comparison(
            metric=family.question.metric,
            a=a.label,
            b=b.label,
            seeds=n,
            difference=_known(family.plain.mean[index]),
            low=_known(low),
            high=_known(high),
            low_new=_known(self.low_new[index]),
            high_new=_known(self.high_new[index]),
            p_difference=_known(family.p_difference[index]),
            p_adjusted=_known(self.p_adjusted[index]),
            p_equivalence=_known(self.p_equivalence[index]),
            low_verdict=_known(self.low_verdict[index]),
            high_verdict=_known(self.high_verdict[index]),
            probability_of_superiority=superiority[0],
            superiority_low=superiority[1],
            superiority_high=superiority[2],
            seeds_to_decide=_seeds(self.decide[index], n) if undecided else None,
            seeds_to_decide_high=_seeds(self.decide_high[index], n) if undecided else None,
            p_mcnemar=p_mcnemar,
            degenerate=bool(family.plain.degenerate[index]),
            moderated=bool(family.moderated[index]),
            verdict=verdict,
            reason=reason,
        )

    def _verdict(self, index: int) -> tuple[Verdict, str]:
        """The verdict on a, the first that holds of equivalent, better, worse, undecided; and what qualifies it."""
        family = self.family
        i, j = family.pairs[index]
        if np.isnan(self.p_adjusted[index]):
            return "undecided", self._untestable(index)
        significant, inside = bool(self.significant[index]), bool(self.inside[index])
        if inside and not family.diverged[i] and not family.diverged[j]:
            return "equivalent", "real, but below the margin" if significant else ""
        if not significant:
            return "undecided", "a loss diverged in other seeds" if inside else "not significant"
        if family.plain.n[index] < FEWEST_SEEDS:
            return "undecided", f"fewer than {FEWEST_SEEDS} seeds"
        a_wins = (family.plain.mean[index] > 0) == family.question.higher_is_better
        if family.diverged[i if a_wins else j]:
            return "undecided", "the better one diverged in other seeds"
        lost = family.arms[j if a_wins else i]
        reason = f"{lost.label} diverged in every seed and counts as guessing" if not lost.values else ""
        return ("better" if a_wins else "worse"), reason

    def _untestable(self, index: int) -> str:
        """Why there is no p-value."""
        n = int(self.family.plain.n[index])
        if n and self.family.question.looks == ():
            return f"before the first look, which is at {LOOKS[0]} seeds"
        if n == 1:
            return "one seed: these trained networks only"
        if n > 1:
            return "the difference is the same in every seed"
        never = [self.family.arms[end].label for end in self.family.pairs[index] if self.family.lost[end]]
        return f"{' and '.join(never)} diverged in every seed" if never else "no seed finished both"

    def _one_seed(self, index: int) -> tuple[float, float, float | None]:
        """With one seed: the interval over test pictures of these two networks; of right and wrong, McNemar's test."""
        a, b = (self.family.arms[end].per_picture for end in self.family.pairs[index])
        (seed,) = set(a) & set(b)
        d = a[seed].astype(np.float64) - b[seed].astype(np.float64)
        half = float(stats.norm.ppf(1 - ALPHA / 2) * d.std(ddof=1) / np.sqrt(len(d)))
        mean = float(self.family.plain.mean[index])
        binary = a[seed].dtype == np.bool_
        return mean - half, mean + half, mcnemar(int((d > 0).sum()), int((d < 0).sum())) if binary else None


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _seeds(value: float, n: int) -> int | None:
    """More seeds than there are, for so many have not decided."""
    return None if np.isnan(value) else max(int(value), n + 1)


def _superiority(d: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """(wins + ties / 2) / seeds with its exact interval."""
    if not len(d):
        return None, None, None
    wins = float(np.sum(d > 0) + np.sum(d == 0) / 2)
    return wins / len(d), *exact_interval(wins, len(d))
