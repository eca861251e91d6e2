"""`Across`: what is concluded from several conditions of a study together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossbench.analysis.across.carried import Carried, Tuned, carried, tuned
from lossbench.analysis.across.crossings import Crossing, crossings
from lossbench.analysis.across.levels import Series, series_of
from lossbench.analysis.across.lined import Lined, line_up
from lossbench.analysis.within import Within
from lossbench.spec import Condition

__all__ = ["Across", "across"]


@dataclass(frozen=True, eq=False)
class Across:
    """Several conditions of a study together; each was judged by itself, and nothing is adjusted over them.

    Args:
        losses: as the fixed recipe writes them, in the study's order.
        lined: the conditions, in the study's order.
        series: those of them that differ in one number.
        crossings: by place of the series, where losses change places along it.
        carried: every two conditions that differ in one thing.
        tuned: every model and scenario that was trained in both recipes.
    """

    losses: tuple[str, ...]
    lined: tuple[Lined, ...]
    series: tuple[Series, ...]
    crossings: tuple[tuple[Crossing, ...], ...]
    carried: tuple[Carried, ...]
    tuned: tuple[Tuned, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """In the study's order."""
        return tuple(item.condition for item in self.lined)

    @property
    def metric(self) -> str:
        """The study's own, `test.accuracy`."""
        return self.lined[0].within.analysis.metric

    @property
    def higher_is_better(self) -> bool:
        """Its good direction."""
        return self.lined[0].within.analysis.higher_is_better

    @property
    def best(self) -> Mapping[str, tuple[Condition, ...]]:
        """By loss the conditions in whose best set it is."""
        return {loss: tuple(item.condition for item in self.lined if loss in item.best) for loss in self.losses}

    @property
    def ranking(self) -> tuple[str, ...]:
        """The losses by their mean rank over the conditions, best first; those without a finished trial last."""
        return tuple(sorted(self.losses, key=self._mean_rank))

    def _mean_rank(self, loss: str) -> tuple[bool, float]:
        sign = -1 if self.higher_is_better else 1
        ranks = []
        for item in self.lined:
            ordered = sorted(item.means, key=lambda other: sign * item.means[other])
            ranks += [ordered.index(loss)] if loss in ordered else []
        return not ranks, sum(ranks) / len(ranks) if ranks else 0.0


def across(within: Sequence[Within]) -> Across:
    """What is concluded across conditions: a pure function of what was concluded within each.

    Args:
        within: of one study, one or more.
    """
    lined = line_up(within)
    series = series_of(lined)
    return Across(
        losses=tuple(dict.fromkeys(loss for item in lined for loss in item.names)),
        lined=lined,
        series=series,
        crossings=tuple(crossings(item) for item in series),
        carried=carried(lined),
        tuned=tuned(lined),
    )
