"""Every pair of losses in one metric, tested side by side: the numbers that verdicts are read off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lossbench.analysis.best import leaves_best
from lossbench.analysis.crossed import Crossed
from lossbench.analysis.looks import combined, weight_at
from lossbench.analysis.moderated import Prior, many
from lossbench.analysis.paired import ALPHA, Differences
from lossbench.results import SCENARIO_COLUMNS
from lossbench.spec import LOOKS

__all__ = ["FEWEST_SEEDS", "Arm", "Family", "Question"]

COUNTED = ("accuracy", "precision", "recall", "f1", "top5", *SCENARIO_COLUMNS)
"""Metrics that come from whole pictures, whose differences cannot be finer than rounding."""

FEWEST_SEEDS = 3
"""Finished by both, before one loss is called better."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Arm:
    """What is compared of one loss.

    Args:
        label: the loss.
        values: the metric at the last epoch by seed, finished trials only.
        per_picture: per seed what each test picture gave, right or not or its own loss, (pictures,); empty for
            metrics that are no mean over pictures.
        diverged: how many seeds diverged.
    """

    label: str
    values: Mapping[int, float]
    per_picture: Mapping[int, np.ndarray]
    diverged: int


@dataclass(frozen=True)
class Question:
    """What is asked of every pair.

    Args:
        metric: what is compared, `test.accuracy`.
        margin: differences below it are of no practical importance.
        higher_is_better: the metric's good direction.
        pictures: how many test pictures the metric is taken over; 0 where that is unknown.
        classes: how many classes there are; 0 where that is unknown.
        looks: after how many of `seeds` the study was looked at, the last one included; empty before the first look,
            which decides nothing; None for a study with a fixed number of seeds.
        seeds: the study's seeds, in the order in which they were added; only looks need them.
    """

    metric: str
    margin: float
    higher_is_better: bool
    pictures: int = 0
    classes: int = 0
    looks: tuple[int, ...] | None = None
    seeds: tuple[int, ...] = ()

    @property
    def column(self) -> str:
        """The metric without its split."""
        return self.metric.rpartition(".")[2]

    @property
    def floor(self) -> float:
        """The least variance of a paired difference: that of rounding both to whole pictures."""
        return 1 / (6 * self.pictures**2) if self.column in COUNTED and self.pictures else 0.0

    @property
    def guessed(self) -> float | None:
        """What a network that diverged in every seed counts as; None where that cannot be said."""
        return 1 / self.classes if self.column == "accuracy" and self.classes else None


@dataclass(frozen=True, eq=False)
class Family:
    """The tests of all pairs; arrays are over pairs, in the order of `combinations`.

    Args:
        arms: the losses, in the study's order.
        question: what is asked.
    """

    arms: Sequence[Arm]
    question: Question

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Indices of both arms of each pair."""
        return list(combinations(range(len(self.arms)), 2))

    @cached_property
    def seeds(self) -> list[int]:
        """The seeds that any loss finished, ascending."""
        return sorted({seed for arm in self.arms for seed in arm.values})

    @cached_property
    def values(self) -> Floats:
        """(losses, seeds); NaN where a seed did not finish."""
        rows = [[arm.values.get(seed, np.nan) for seed in self.seeds] for arm in self.arms]
        return np.array(rows, dtype=np.float64).reshape(len(self.arms), len(self.seeds))

    @cached_property
    def lost(self) -> NDArray[np.bool_]:
        """Which losses diverged in every seed."""
        return np.array([bool(arm.diverged) and not arm.values for arm in self.arms])

    @cached_property
    def diverged(self) -> NDArray[np.bool_]:
        """Which losses diverged in any seed."""
        return np.array([arm.diverged > 0 for arm in self.arms])

    @cached_property
    def d(self) -> Floats:
        """Paired differences a − b, (pairs, seeds); NaN where a seed is not of the pair.

        A loss that diverged in every seed counts as guessing against one that never did.
        """
        a, b = self._ends
        d = self.values[a] - self.values[b]
        if self.question.guessed is not None:
            for lost, never, sign in ((a, b, -1.0), (b, a, 1.0)):
                held = self.lost[lost] & ~self.diverged[never]
                d[held] = sign * (self.values[never[held]] - self.question.guessed)
        return d

    @cached_property
    def plain(self) -> Differences:
        """With each pair's own variance."""
        return Differences.of(self.d, self.question.floor)

    @cached_property
    def used(self) -> Differences:
        """With the variance that verdicts use."""
        return self._moderated(self.values, self.plain)

    @cached_property
    def moderated(self) -> NDArray[np.bool_]:
        """Where the two differ."""
        return np.asarray(~np.isnan(self.used.df) & (self.used.df != self.plain.df))

    @cached_property
    def p_difference(self) -> Floats:
        """Two-sided, before Holm; over all looks where there are any."""
        return self._over_looks(lambda tests: tests.p_difference())

    @cached_property
    def p_equivalence(self) -> Floats:
        """Of two one-sided tests against the margin, before Holm; likewise."""
        return self._over_looks(lambda tests: tests.p_equivalence(self.question.margin))

    @cached_property
    def alpha(self) -> float:
        """1 − the confidence of printed intervals: smaller at a look."""
        looks = self.question.looks
        return ALPHA if looks is None else ALPHA * weight_at((*LOOKS[:1], *looks)[-1])

    @cached_property
    def p_best(self) -> Floats:
        """The adjusted p-value at which each loss leaves the best set, (losses,)."""
        above = np.full((len(self.arms), len(self.arms)), np.nan)
        a, b = self._ends
        good = 1.0 if self.question.higher_is_better else -1.0
        greater = self._over_looks(lambda tests: tests.p_greater())
        less = self._over_looks(lambda tests: 1 - tests.p_greater())
        above[a, b], above[b, a] = (greater, less) if good > 0 else (less, greater)
        may = np.full(above.shape, False)
        enough = self.plain.n >= FEWEST_SEEDS
        may[a, b], may[b, a] = enough & ~self.diverged[a], enough & ~self.diverged[b]
        return leaves_best(np.where(may | np.isnan(above), above, 1.0))

    @cached_property
    def new_pictures(self) -> tuple[Floats, Floats]:
        """Both ends of the interval that speaks of new test pictures too; NaN where there are no pictures."""
        half = np.full(len(self.pairs), np.nan)
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, (i, j) in enumerate(self.pairs):
            joint = tuple(sorted(set(self.arms[i].per_picture) & set(self.arms[j].per_picture)))
            if len(joint) == self.plain.n[index] > 1:
                groups.setdefault(joint, []).append(index)
        for joint, chosen in groups.items():
            arms = sorted({arm for index in chosen for arm in self.pairs[index]})
            place = {arm: row for row, arm in enumerate(arms)}
            crossed = Crossed.of(
                np.stack([[self.arms[arm].per_picture[seed] for seed in joint] for arm in arms]), self.question.floor
            ).half_width(self.alpha)
            half[chosen] = [crossed[place[i], place[j]] for i, j in (self.pairs[index] for index in chosen)]
        half = np.maximum(half, self.plain.half_width(self.alpha))  # NaN where either is
        return self.plain.mean - half, self.plain.mean + half

    @cached_property
    def _ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        both = np.array(self.pairs, dtype=np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def _moderated(self, values: Floats, plain: Differences) -> Differences:
        finished = np.asarray(~np.isnan(values).all(axis=-1))
        chosen = many(int(finished.sum()), plain.n) & plain.testable
        held = values[finished]
        complete = held[:, ~np.asarray(np.isnan(held).any(axis=0))]
        prior = Prior.of(complete) if chosen.any() else None
        if prior is None:
            return plain
        a, b = (np.cumsum(finished)[ends] - 1 for ends in self._ends)
        variance, df = prior.moderate(plain.variance, plain.n, a, b)
        both = chosen & finished[self._ends[0]] & finished[self._ends[1]]
        return plain.using(np.where(both, variance, plain.variance), np.where(both, df, plain.df))

    def _over_looks(self, p_of: Callable[[Differences], Floats]) -> Floats:
        """A p-value of every pair; over looks, from the seeds that each of them saw."""
        looks = self.question.looks
        if looks is None:
            return p_of(self.used)
        seen = []
        for look in looks:
            columns = np.isin(self.seeds, self.question.seeds[:look])
            tests = Differences.of(self.d[:, columns], self.question.floor)
            seen.append(p_of(self._moderated(self.values[:, columns], tests)))
        return combined(seen, looks) if looks else np.full(len(self.pairs), np.nan)
