"""What stands beside the last epoch's numbers: the epoch selected on validation, calibration repaired, each class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from lossbench.analysis.types import Analysis, Estimate
from lossbench.report.lookup import estimate, primary
from lossbench.results import Results
from lossbench.text import fixed, isolate, significant

__all__ = ["ClassTable", "Pair", "calibrated", "class_sentence", "per_class", "selected"]

_MOST_CLASSES = _MOST_LOSSES = 12  # more do not fit a page; summary.csv has them all


@dataclass(frozen=True)
class Pair:
    """One loss's number at the last epoch and another one beside it.

    Args:
        loss: its label.
        last: at the last epoch.
        other: what stands beside it.
        by: where that comes from: the epochs selected, the temperatures.
    """

    loss: str
    last: Estimate
    other: Estimate
    by: str


@dataclass(frozen=True)
class ClassTable:
    """One metric of every loss and class.

    Args:
        metric: recall, precision or F1.
        classes: the heads.
        rows: a loss's label and its means, best loss first.
    """

    metric: str
    classes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


def selected(results: Results, analysis: Analysis) -> list[Pair]:
    """The study's own metric at the last epoch and at the one that validation selected; nothing without validation."""
    split, _, column = analysis.metric.partition(".")
    others = {
        e.loss: e
        for e in analysis.estimates
        if (e.split, e.metric, e.epoch, e.class_name) == (split, column, None, None)
    }
    return [
        Pair(loss, last, others[loss], _reach(_of_finished(results, loss, "selected_epoch"), "{:.0f}".format))
        for loss in analysis.ranking
        if (last := primary(analysis, loss)) and loss in others and others[loss].mean is not None
    ]


def calibrated(results: Results, analysis: Analysis) -> list[Pair]:
    """The calibration error before and after temperature scaling; nothing without validation."""
    others = {e.loss: e for e in analysis.estimates if (e.split, e.metric) == ("test", "ece_calibrated")}
    return [
        Pair(loss, last, others[loss], _reach(_of_finished(results, loss, "temperature"), significant))
        for loss in analysis.ranking
        if (last := estimate(analysis, loss, "ece")) and loss in others and others[loss].mean is not None
    ]


def per_class(analysis: Analysis) -> list[ClassTable]:
    """Recall, precision and F1 of every class on the test set; nothing for many classes or losses."""
    found = {(e.metric, e.loss, e.class_name): e.mean for e in _of_classes(analysis)}
    classes = tuple(dict.fromkeys(str(name) for _, _, name in found))
    losses = [loss for loss in analysis.ranking if any(of == loss for _, of, _ in found)]
    if not 0 < len(classes) <= _MOST_CLASSES or len(losses) > _MOST_LOSSES:
        return []
    return [
        ClassTable(
            {"f1": "F1"}.get(metric, metric),
            classes,
            tuple((loss, tuple(found.get((metric, loss, name)) for name in classes)) for loss in losses),
        )
        for metric in ("recall", "precision", "f1")
        if any(of == metric for of, _, _ in found)
    ]


def class_sentence(analysis: Analysis) -> str:
    """Which class the leading loss finds best and worst."""
    for loss in analysis.ranking:
        means = {e.class_name: e.mean for e in _of_classes(analysis) if e.loss == loss and e.metric == "recall"}
        known = {str(name): mean for name, mean in means.items() if mean is not None}
        if len(known) > 1:
            best, worst = max(known, key=lambda name: known[name]), min(known, key=lambda name: known[name])
            return (
                f"With {isolate(loss)} test recall is highest for {isolate(best)} ({fixed(known[best])}) and lowest "
                f"for {isolate(worst)} ({fixed(known[worst])})."
            )
    return ""


def _of_classes(analysis: Analysis) -> Iterable[Estimate]:
    return (e for e in analysis.estimates if e.class_name is not None and e.split == "test" and e.epoch is not None)


def _of_finished(results: Results, loss: str, column: str) -> list[float]:
    if column not in results.trials.columns:
        return []
    rows = results.trials.filter((pl.col("loss_function") == loss) & (pl.col("status") == "finished"))
    return [float(value) for value in rows[column].drop_nulls()]


def _reach(values: list[float], shown: Callable[[float], str]) -> str:
    """From the least to the greatest: `12 to 25`, or one where both are written alike; a dash without values."""
    return " to ".join(dict.fromkeys((shown(min(values)), shown(max(values))))) if values else "–"
