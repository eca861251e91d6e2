"""Which figures stand above those of a study's conditions, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lossbench.analysis.across import Across, Series
from lossbench.figures.colours import Colours
from lossbench.figures.conditions import conditions
from lossbench.figures.levels import levels
from lossbench.figures.types import Figure
from lossbench.text import slug

__all__ = ["colours_across", "draw_across"]

# What else is drawn along a series where it was measured at two levels and more.
_BESIDE = {"noise": ("train.memorised",), "imbalance": ("test.many", "test.few"), "train_size": ()}


def draw_across(across: Across) -> tuple[Figure, ...]:
    """All figures of a study with several conditions that are of more than one of them.

    First every loss in every condition; then, along each series of conditions, the study's own metric and what label
    noise or imbalance adds to it.

    Returns:
        the figures, numbered from 1; the same for the same input.
    """
    colours = colours_across(across)
    builders: list[Callable[[int], Figure]] = [partial(conditions, across=across)]
    names: list[str] = []
    for series, crossings in zip(across.series, across.crossings, strict=True):
        for measure in ("", *_measured(across, series)):
            names.append(slug(_words(series, measure), names))
            drawn = partial(levels, across=across, series=series, colours=colours, name=names[-1], measure=measure)
            builders.append(partial(drawn, crossings=() if measure else crossings))
    return tuple(build(number) for number, build in enumerate(builders, start=1))


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
