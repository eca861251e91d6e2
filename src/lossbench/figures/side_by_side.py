"""One metric per epoch, all losses side by side: test beside train."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from lossbench.figures.charts import (
    HEIGHT,
    Keys,
    Spec,
    chance,
    data,
    epochs_axis,
    joined,
    layered,
    message,
    specification,
)
from lossbench.figures.colours import Colours
from lossbench.figures.curves import CURVE, curve, curves, split_title, splits
from lossbench.figures.mean_lines import BANDS_UP_TO, mean_lines, with_marks
from lossbench.figures.types import Figure
from lossbench.results import Results
from lossbench.text import capital, counted, fixed, isolate, listed, oxford

__all__ = ["SIDE_BY_SIDE", "Metric", "side_by_side"]

_FAR = 1000.0


class Metric:
    """A metric that is shown side by side.

    Args:
        column: of the history.
        title: for people.
        note: what the reader must know of it.
        chance: whether guessing gives one in the number of classes.
    """

    def __init__(self, column: str, title: str, note: str, chance: bool = False) -> None:
        self.column, self.title, self.note, self.chance = column, title, note, chance


SIDE_BY_SIDE = (
    Metric("accuracy", "Accuracy", "", chance=True),
    Metric("precision", "Precision", "Macro precision: the mean over classes, 0 for a class that is never predicted."),
    Metric("recall", "Recall", "Macro recall: the mean over classes.", chance=True),
    Metric("f1", "F1", "Macro F1: the mean over classes."),
    Metric(
        "nll",
        "Negative log-likelihood",
        "In nats, of the softmax probabilities: one scale for all losses, which their own values do not share.",
    ),
)


def side_by_side(number: int, results: Results, metric: Metric, colours: Colours) -> Figure:
    """The figure of one metric: the means of all losses over epochs; of many losses most as thin grey lines."""
    train, test = splits(results)
    labels = list(results.labels)
    table = curves(results, labels, [metric.column], (test, train)).filter(pl.col("kind") == "mean")
    return Figure(
        number=number,
        slug=f"{metric.column}-per-epoch",
        title=f"{metric.title} per epoch, the losses side by side",
        caption=_caption(results, metric, table, labels) + _many(table, colours),
        alt=_alt(table, metric, colours, test),
        loss=None,
        table=table.select(list(CURVE)),
        chart=_chart(table, metric, results, colours),
    )


def _chart(table: pl.DataFrame, metric: Metric, results: Results, colours: Colours) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=600), {})
    train, test = splits(results)
    places = {label: colours.places[label] for label in colours.coloured}
    keys = Keys(places, legend="shape")
    far = _far_apart(table, colours)
    tables = {split: with_marks(table.filter(pl.col("split") == split), places) for split in (test, train)}
    panels = [_panel(rows, split, metric, results, keys, far) for split, rows in tables.items()]
    return specification(joined(panels, spacing=28, resolve={"scale": {"y": "shared"}}), tables)


def _panel(rows: pl.DataFrame, split: str, metric: Metric, results: Results, keys: Keys, far: bool) -> Spec:
    base = alt.Chart(data(split), width=290, height=HEIGHT + 20)
    x = epochs_axis(min(rows["epoch"].to_list(), default=1), results.last_epoch)
    title = metric.title.lower() if metric.column != "f1" else "F1"
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=6))
    if far:
        y = alt.Y("value:Q", title=title, scale=alt.Scale(type="log"), axis=alt.Axis(tickCount=6, format=".3~g"))
    layers = mean_lines(base, rows, x, y, title, keys, len(results.losses))
    classes = len(results.data.class_names)
    line = [chance(classes)] if metric.chance and classes else []
    return layered(*line, *layers, title=capital(split_title(split)))


def _caption(results: Results, metric: Metric, table: pl.DataFrame, labels: list[str]) -> str:
    train, test = splits(results)
    sentences = [f"{capital(split_title(test))} on the left, {split_title(train)} on the right."]
    if metric.note:
        sentences.append(metric.note)
    seeds = results.trials.filter(pl.col("status") == "finished").group_by("loss_function").len()["len"].to_list()
    if seeds and max(seeds) > 1:
        count = counted(max(seeds), "seed") if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)} seeds"
        band = ", bands one standard deviation to each side" if len(labels) <= BANDS_UP_TO else ""
        sentences.append(f"Lines are means over {count}{band}.")
    elif seeds:
        sentences.append("One seed per loss.")
    absent = [label for label in labels if label not in set(table["loss_function"])]
    if absent:
        sentences.append(f"No trial of {oxford(absent, 'or')} finished.")
    return " ".join(sentences)


def _far_apart(table: pl.DataFrame, colours: Colours) -> bool:
    """Whether of many losses one is so far from the others that a linear axis would show that one alone."""
    values = table["value"].to_list()
    return bool(colours.others) and min(values) > 0 and max(values) > _FAR * min(values)


def _many(table: pl.DataFrame, colours: Colours) -> str:
    if not colours.others or table.is_empty():
        return ""
    axis = " The vertical axis is logarithmic." if _far_apart(table, colours) else ""
    return f" In colour {colours.words}, the others in grey.{axis}"


def _alt(table: pl.DataFrame, metric: Metric, colours: Colours, test: str) -> str:
    parts = []
    for label in colours.coloured:
        _, values = curve(table, label, metric.column, test)
        if values:
            parts.append(f"{isolate(label)} from {fixed(values[0])} to {fixed(values[-1])}")
    if not parts:
        return "No curve: no trial finished."
    count = len(set(table["loss_function"]) - set(colours.coloured))
    others = f" In grey {counted(count, 'other loss', 'other losses')}." if count else ""
    return f"Line chart of test {metric.title.lower()}: {listed(parts)}.{others}"
