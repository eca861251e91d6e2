"""Which figures stand above those of a study's conditions, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

from lossbench.analysis.across import Across, Series
from lossbench.figures.colours import Colours
from lossbench.figures.conditions import conditions
from lossbench.figures.levels import levels
from lossbench.figures.types import Figure
from lossbench.text import slug

__all__ = ["AcrossFigures", "colours_across", "draw_across"]

# What else is drawn along a series where it was measured at two levels and more.
_BESIDE = {"noise": ("train.memorised",), "imbalance": ("test.many", "test.few"), "train_size": ()}


@dataclass(frozen=True, eq=False)
class AcrossFigures:
    """The figures above those of a study's conditions, numbered from 1 in this order.

    Args:
        conditions: every loss in every condition.
        series: by place of the series, the study's own metric along it, then what else was measured there.
    """

    conditions: Figure
    series: tuple[tuple[Figure, ...], ...]

    @property
    def all(self) -> tuple[Figure, ...]:
        """By number."""
        return (self.conditions, *(figure for figures in self.series for figure in figures))


def draw_across(across: Across) -> AcrossFigures:
    """All figures of a study with several conditions that are of more than one of them.

    First every loss in every condition; then, along each series of conditions, the study's own metric and what label
    noise or imbalance adds to it. The same for the same input.
    """
    colours, names, number = colours_across(across), list[str](), 1
    series: list[tuple[Figure, ...]] = []
    for each, crossings in zip(across.series, across.crossings, strict=True):
        drawn: list[Figure] = []
        for measure in ("", *_measured(across, each)):
            names.append(slug(_words(each, measure), names))
            number += 1
            found = () if measure else crossings
            drawn.append(levels(number, across, each, found, colours, names[-1], measure))
        series.append(tuple(drawn))
    return AcrossFigures(conditions(1, across), tuple(series))


def colours_across(across: Across) -> Colours:
    """Of a few losses all, by their places in the study; of many the best and the worst by their mean rank."""
    known = {loss for item in across.lined for loss in item.means}
    ranked = [loss for loss in across.ranking if loss in known]
    return Colours.among(across.losses, ranked, "by their mean rank over the conditions")


def _measured(across: Across, series: Series) -> list[str]:
    return [
        measure
        for measure in _BESIDE[series.axis]
        if len({value for loss in across.losses for value, _ in series.points(loss, measure)}) > 1
    ]


def _words(series: Series, measure: str) -> str:
    what = measure.partition(".")[2] or "levels"
    return f"{what}-{series.axis}-{series.form}-{series.model}-{series.recipe}-{series.others}".replace("_", "-")
