"""Which figures a study has, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock

from altair.utils.schemapi import debug_mode

from lossbench.analysis.types import Analysis
from lossbench.figures.classes import classes
from lossbench.figures.colours import Colours
from lossbench.figures.confusion import confusion
from lossbench.figures.cost import cost
from lossbench.figures.definition import definition
from lossbench.figures.final import final_accuracy, ranking
from lossbench.figures.of_scenarios import has_shots, has_wrong_labels, memorised, shots_last, shots_per_epoch
from lossbench.figures.pairs import pairs
from lossbench.figures.reliability import reliability
from lossbench.figures.side_by_side import SIDE_BY_SIDE, side_by_side
from lossbench.figures.training import training
from lossbench.figures.types import Figure
from lossbench.results import LossView, Results
from lossbench.text import slug

__all__ = ["draw"]

Builder = Callable[[int], Figure]

_DRAWING = Lock()  # the library's mode is one for all threads


def draw(results: Results, analysis: Analysis) -> tuple[Figure, ...]:
    """All figures of a study.

    Per family of losses its definition, then one figure of training per loss; then last accuracy, the metrics per
    epoch side by side, the ranking, the confusion matrices, the comparisons, the classes, calibration and cost; then
    what label noise and unequal classes add. Of results trained elsewhere those that the table tells.

    Args:
        results: the study's table.
        analysis: what was concluded from it.

    Returns:
        the figures, numbered from 1; the same for the same input.
    """
    colours = Colours.of(results.labels, analysis)
    builders = _families(results, colours.places)
    if _has(results, "accuracy"):
        builders.append(partial(final_accuracy, results=results, analysis=analysis, colours=colours))
    for metric in SIDE_BY_SIDE:
        if _has_curves(results, metric.column):
            builders.append(partial(side_by_side, results=results, metric=metric, colours=colours))
    builders.append(partial(ranking, results=results, analysis=analysis, colours=colours))
    if results.confusion or not results.external:
        builders.append(partial(confusion, results=results, colours=colours))
    if analysis.comparisons:
        builders.append(partial(pairs, analysis=analysis))
    if not results.external:
        builders.append(partial(classes, results=results, analysis=analysis))
        if results.calibration:
            builders.append(partial(reliability, results=results, analysis=analysis, colours=colours))
        builders.append(partial(cost, results=results, colours=colours))
    builders += _of_scenarios(results, analysis, colours)
    with _DRAWING, debug_mode(False):  # that charts keep to the schema is told by a test, not by every run
        return tuple(build(number) for number, build in enumerate(builders, start=1))


def _of_scenarios(results: Results, analysis: Analysis, colours: Colours) -> list[Builder]:
    """Wrong labels, and frequent and rare classes, where they were measured."""
    builders: list[Builder] = []
    if has_wrong_labels(results):
        builders.append(partial(memorised, results=results, colours=colours))
    if has_shots(results):
        builders.append(partial(shots_last, results=results, analysis=analysis, colours=colours))
        if results.history["epoch"].n_unique() > 1:
            builders.append(partial(shots_per_epoch, results=results, colours=colours))
    return builders


def _has(results: Results, *columns: str) -> bool:
    """Whether a figure of these columns has something to show; one of a study says so where it has not."""
    return not results.external or results.measured(*columns)


def _has_curves(results: Results, *columns: str) -> bool:
    return _has(results, *columns) and (not results.external or results.history["epoch"].n_unique() > 1)


def _families(results: Results, places: Mapping[str, int]) -> list[Builder]:
    """A definition per name, in the study's order, each followed by the training of its losses."""
    families: dict[str, list[LossView]] = {}
    for view in results.losses:
        families.setdefault(view.name, []).append(view)
    names: list[str] = []
    builders: list[Builder] = []
    for views in families.values():
        if not results.external:
            builders.append(partial(definition, views=views, places=places))
        for view in views if _has_curves(results, "loss", "accuracy") else ():
            names.append(slug(view.label, names))
            builders.append(partial(training, results=results, loss=view.label, places=places, name=names[-1]))
    return builders
