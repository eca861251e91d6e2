"""Whether what was concluded in one condition holds in another: rankings, verdicts, tuned against fixed recipe."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from scipy import stats

from lossbench.analysis.across.lined import Lined
from lossbench.analysis.paired import Differences
from lossbench.analysis.types import Comparison
from lossbench.spec import FIXED, TUNED, Condition

__all__ = ["Both", "Carried", "Gain", "Tuned", "carried", "tuned"]

By = Literal["model", "scenario", "recipe"]

_DECIDED = ("better", "worse")


@dataclass(frozen=True)
class Both:
    """The verdicts on two losses in two conditions, both said of a.

    Args:
        a: a loss's label in the fixed recipe.
        b: another's.
        here: in the one condition.
        there: in the other.
    """

    a: str
    b: str
    here: Comparison
    there: Comparison

    @property
    def turns(self) -> bool:
        """Whether the one that is shown to be better here is shown to be worse there."""
        return {self.here.verdict, self.there.verdict} == set(_DECIDED)

    @property
    def opens(self) -> bool:
        """Whether a winner is shown in one of the two only."""
        return (self.here.verdict in _DECIDED) != (self.there.verdict in _DECIDED)

    @property
    def holds(self) -> bool:
        """Whether the same winner is shown in both."""
        return self.here.verdict == self.there.verdict and self.here.verdict in _DECIDED

    @property
    def changes(self) -> bool:
        """Whether the verdicts are not the same word."""
        return self.here.verdict != self.there.verdict


@dataclass(frozen=True, eq=False)
class Carried:
    """Two conditions that differ in one thing.

    Args:
        by: in what they differ.
        here: the one that stands first in the study.
        there: the other.
        losses: how many have a mean in both.
        tau: Kendall's tau-b between these means (1945, doi:10.2307/2332303); None with fewer than two losses, or where
            all means of a condition are alike.
        pairs: every two losses that were compared in both.
    """

    by: By
    here: Condition
    there: Condition
    losses: int
    tau: float | None
    pairs: tuple[Both, ...]


@dataclass(frozen=True)
class Gain:
    """What tuning brought one loss.

    Args:
        loss: its label in the fixed recipe.
        chosen: what tuning made of it.
        seeds: how many finished in both.
        mean: of tuned − fixed in the study's own metric, paired over seeds; None without such a seed.
        low: lower end of its 95 % t interval; None with fewer than two, or where all are alike.
        high: its upper end.
    """

    loss: str
    chosen: str
    seeds: int
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, eq=False)
class Tuned:
    """One model on one scenario in both recipes.

    Args:
        fixed: as asked for.
        tuned: as tuning chose.
        gains: one per loss, in the study's order.
        carried: what holds in both.
    """

    fixed: Lined
    tuned: Lined
    gains: tuple[Gain, ...]
    carried: Carried


def carried(lined: Sequence[Lined]) -> tuple[Carried, ...]:
    """Every two conditions that differ in the model, the scenario or the recipe alone."""
    return tuple(found for here, there in combinations(lined, 2) if (found := _carried(here, there)) is not None)


def tuned(lined: Sequence[Lined]) -> tuple[Tuned, ...]:
    """Every model and scenario that was trained in both recipes."""
    return tuple(_tuned(lined))


def _tuned(lined: Sequence[Lined]) -> Iterator[Tuned]:
    for here, there in combinations(lined, 2):
        found = _carried(here, there)
        if found is not None and (found.here.recipe, found.there.recipe) == (FIXED, TUNED):
            yield Tuned(here, there, tuple(_gain(here, there, loss) for loss in here.names), found)


def _carried(here: Lined, there: Lined) -> Carried | None:
    names: tuple[By, ...] = ("model", "scenario", "recipe")
    differing = [name for name in names if getattr(here.condition, name) != getattr(there.condition, name)]
    if len(differing) != 1:
        return None
    shared = [loss for loss in here.means if loss in there.means]
    pairs = tuple(
        Both(a, b, one, other)
        for a, b in combinations(here.names, 2)
        if (one := here.pair(a, b)) is not None and (other := there.pair(a, b)) is not None
    )
    tau = _tau([here.means[loss] for loss in shared], [there.means[loss] for loss in shared])
    return Carried(differing[0], here.condition, there.condition, len(shared), tau, pairs)


def _tau(one: Sequence[float], other: Sequence[float]) -> float | None:
    if len(one) < 2:
        return None
    tau = float(stats.kendalltau(one, other, variant="b").statistic)
    return None if math.isnan(tau) else tau


def _gain(fixed: Lined, chosen: Lined, loss: str) -> Gain:
    before, after = (_by_seed(item, loss) for item in (fixed, chosen))
    seeds = sorted(before.keys() & after.keys())
    label = chosen.names.get(loss, loss)
    if not seeds:
        return Gain(loss, label, 0, None, None, None)
    differences = Differences.of(np.array([after[seed] - before[seed] for seed in seeds]))
    low, high = (float(end) for end in differences.interval()) if len(seeds) > 1 else (math.nan, math.nan)
    known = not (math.isnan(low) or math.isnan(high))
    return Gain(loss, label, len(seeds), float(differences.mean), *((low, high) if known else (None, None)))


def _by_seed(item: Lined, loss: str) -> dict[int, float]:
    found = item.estimate(loss)
    return dict(zip(found.seeds, found.values, strict=True)) if found else {}
