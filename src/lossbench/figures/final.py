"""Where the losses ended: accuracy train and test, and the ranking in the study's own metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from lossbench.analysis.types import Analysis, Estimate
from lossbench.figures.charts import (
    Keys,
    chance,
    data,
    layered,
    message,
    short_labels,
    specification,
    still_x,
    wide_enough,
)
from lossbench.figures.colours import Colours
from lossbench.figures.curves import metric_name, split_title, splits
from lossbench.figures.final_words import absent, alternative, how
from lossbench.figures.many_seeds import HIGH, LOW
from lossbench.figures.style import AXIS, INK, PAPER
from lossbench.figures.types import Choice, Figure
from lossbench.results import Results
from lossbench.text import MANY_SEEDS, fixed, listed

__all__ = ["FINAL", "final_accuracy", "ranking"]

_RANKED = ("accuracy", "precision", "recall", "f1", "nll", "brier", "ece", "top5", "auroc")  # what a reader may rank by
_LONG = 32  # letters that a row's label has room for

# `kind`: `mean` with the 95 % interval of the analysis, `seed` one finished trial; of many `spread`, their median with
# the quantiles in the place of the interval.
FINAL = {
    "loss_function": pl.String,
    "split": pl.String,
    "kind": pl.String,
    "seed": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


def final_accuracy(number: int, results: Results, analysis: Analysis, colours: Colours) -> Figure:
    """Last accuracy per loss, train and test, with intervals and seeds."""
    known = set(results.history["split"])
    shown = tuple(split for split in splits(results) if not results.external or split in known)
    table = _table(analysis, "accuracy", results.labels, shown)
    drawn = _cut(table, colours, 0.0, 1.0)
    return Figure(
        number=number,
        slug="final-accuracy",
        title=f"Accuracy of every loss at the last epoch, {listed(split_title(split) for split in shown)}",
        caption=how(table, analysis, "accuracy") + _many(table, drawn, colours) + absent(table, results.labels),
        alt=alternative(table, shown, "Bar chart of the last accuracy"),
        loss=None,
        table=table,
        chart=_bars(drawn, results, colours, shown),
    )


def ranking(number: int, results: Results, analysis: Analysis, colours: Colours) -> Figure:
    """The losses by the study's own metric, best first."""
    split, _, metric = analysis.metric.partition(".")
    table = _table(analysis, metric, analysis.ranking, (split,))
    drawn = _cut(table, colours, *_reach(table))
    name = f"{split_title(split)} {metric_name(metric)}"
    others = _explored(results, analysis)
    better = "higher" if analysis.higher_is_better else "lower"
    return Figure(
        number=number,
        slug=f"ranking-{metric}",
        title=f"Ranking by {name} at the last epoch",
        caption=f"Best first; {better} is better. {how(table, analysis, metric)}"
        + _many(table, drawn, colours)
        + absent(table, analysis.ranking),
        alt=alternative(table, (split,), f"Dot chart of {name}, best first"),
        loss=None,
        table=table,
        chart=_dots(drawn, results, colours, analysis, name),
        explorer=_dots(others, results, colours, analysis, "", chosen=analysis.metric) if others is not None else None,
        controls=(_choice(analysis, others),) if others is not None else (),
    )


def _explored(results: Results, analysis: Analysis) -> pl.DataFrame | None:
    """The same table for every test metric, with each loss's `place` in it; None where there is one metric only."""
    rankable = (*_RANKED, *results.own_metrics)
    metrics = [name for name in dict.fromkeys(e.metric for e in analysis.estimates if e.overall) if name in rankable]
    wanted = dict.fromkeys([analysis.metric, *(f"test.{name}" for name in metrics)])
    parts = []
    for name in wanted:
        split, _, metric = name.partition(".")
        table = _table(analysis, metric, results.labels, (split,))
        means = dict(table.filter(pl.col("kind") == "mean").select("loss_function", "value").iter_rows())
        order = sorted(means, key=lambda loss: means[loss] if results.lower_is_better(metric) else -means[loss])
        places = pl.col("loss_function").replace_strict(order, range(len(order)), return_dtype=pl.Int64)
        parts += [table.with_columns(pl.lit(name).alias("metric"), places.alias("place"))] if means else []
    return pl.concat(parts) if len(parts) > 1 else None


def _choice(analysis: Analysis, table: pl.DataFrame) -> Choice:
    names = dict.fromkeys([analysis.metric, *table["metric"]])
    options = [(name, *name.partition(".")[::2]) for name in names]
    words = ((name, f"{split_title(split)} {metric_name(metric)}") for name, split, metric in options)
    return Choice("metric", "Metric", tuple(words))


def _table(analysis: Analysis, metric: str, labels: Sequence[str], shown: Sequence[str]) -> pl.DataFrame:
    found = {(item.loss, item.split): item for item in analysis.estimates if item.overall and item.metric == metric}
    rows: list[tuple[object, ...]] = []
    for label in labels:
        for split in shown:
            rows += _rows(found[label, split]) if (label, split) in found else []
    return pl.DataFrame(rows, schema=FINAL, orient="row")


def _rows(item: Estimate) -> list[tuple[object, ...]]:
    if item.mean is None:
        return []
    mean = (item.loss, item.split, "mean", None, item.mean, item.low, item.high)
    if len(item.values) > MANY_SEEDS:
        middle, low, high = (float(value) for value in np.quantile(item.values, [0.5, LOW, HIGH]))
        return [mean, (item.loss, item.split, "spread", None, middle, low, high)]
    seeds = [
        (item.loss, item.split, "seed", seed, value, None, None)
        for seed, value in zip(item.seeds, item.values, strict=True)
    ]
    return [mean, *seeds]


def _bars(table: pl.DataFrame, results: Results, colours: Colours, shown: Sequence[str]) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=560), {})
    rows = table.with_columns(
        pl.col("split").replace_strict({split: split_title(split) for split in shown}),
        pl.col("value").map_elements(fixed, return_dtype=pl.String).alias("text"),
    )
    titles = [split_title(split) for split in shown]
    classes = len(results.data.class_names)
    base = alt.Chart(data(), width=480, height=alt.Step(20))
    labels = list(results.labels)
    axis = short_labels(labels, _LONG)
    y = alt.Y("loss_function:N", title=None, sort=labels, scale=alt.Scale(domain=labels, paddingInner=0.3))
    y = y.axis(**axis) if axis else y
    offset = alt.YOffset("split:N", sort=titles, scale=alt.Scale(domain=titles))
    domain = [0, max(1.0 if max(_drawn(table)) > 0.85 else 0.0, *_drawn(table))]
    x = alt.X("value:Q", title="accuracy", scale=alt.Scale(domain=domain, nice=True), axis=alt.Axis(tickCount=6))
    kind = alt.datum.kind
    opacity = alt.Opacity(
        "split:O",
        scale=alt.Scale(domain=titles, range=[0.35, 0.9]),
        legend=alt.Legend(title=None, symbolType="square", symbolFillColor=INK, symbolStrokeColor=INK),
    )
    hue = Keys(colours.places, legend=None).color
    means = base.transform_filter(kind == "mean")
    chart = layered(
        means.mark_bar().encode(y=y, yOffset=offset, x=x, color=hue, opacity=opacity),
        *([chance(classes, along="x")] if classes else []),
        *(_seeds_and_intervals(table, base, x, {"y": y, "yOffset": offset}) if _several(table) else []),
        means.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(
            y=y, yOffset=offset, x=still_x("width"), text=alt.Text("text:N")
        ),
    )
    return specification(chart, {"table": rows})


def _seeds_and_intervals(table: pl.DataFrame, base: alt.Chart, x: alt.X, place: Mapping[str, Any]) -> list[alt.Chart]:
    kind = alt.datum.kind
    seeds = base.transform_filter(kind == "seed")
    spread, single = _has(table, "spread"), _has(table, "seed")
    points = seeds.mark_point(size=22, strokeWidth=1, color=INK, fill=PAPER, opacity=0.9).encode(x=x, **place)
    whole = base.transform_filter((kind == "mean") & (alt.datum.low != None))  # noqa: E711 # an expression of the chart
    return [
        *([_spread(base, place)] if spread else []),
        *([points] if single else []),
        whole.mark_rule(color=INK, strokeWidth=1.6).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), **place),
    ]


def _dots(
    table: pl.DataFrame, results: Results, colours: Colours, analysis: Analysis, name: str, chosen: str = ""
) -> dict[str, Any]:
    """The ranking; with `chosen`, of a table of several metrics the one that the parameter `metric` names."""
    if table.is_empty():
        return specification(message("no trial finished", width=560), {})
    text = pl.col("value").map_elements(fixed, return_dtype=pl.String).alias("text")
    rows = _withabsent(table, analysis.ranking).with_columns(text)
    base = alt.Chart(data(), width=480, height=alt.Step(24 if colours.others else 34))
    axis = alt.Axis(grid=True, **short_labels(analysis.ranking, _LONG))
    y = alt.Y("loss_function:N", title=None, axis=axis)
    if chosen:
        base = base.add_params(alt.param(name="metric", value=chosen)).transform_filter("datum.metric === metric")
        y = y.sort(field="place", op="min")
    else:
        y = y.sort(list(analysis.ranking)).scale(domain=list(analysis.ranking))
    classes = len(results.data.class_names) if chosen or analysis.metric.endswith(".accuracy") else 0
    line = [1 / classes] if classes else []
    where = "indexof(metric, '.accuracy') > 0 || indexof(metric, '.recall') > 0" if chosen else ""
    guessed = [chance(classes, along="x", where=where)] if classes else []
    scale = alt.Scale(zero=False, padding=10) if chosen else wide_enough([*_drawn(table), *line], least=0.0)
    x = alt.X("value:Q", title=name or None, scale=scale, axis=alt.Axis(tickCount=6))
    keys = Keys(colours.places, legend=None)
    kind = alt.datum.kind
    means = base.transform_filter(kind == "mean")
    whole = means.transform_filter(alt.datum.low != None)  # noqa: E711 # an expression of the chart
    seeds = base.transform_filter(kind == "seed").mark_point(size=26, strokeWidth=1.1, yOffset=9)
    chart = layered(
        *guessed,
        *([_spread(base, {"y": y, "color": keys.color})] if _has(table, "spread") else []),
        *([seeds.encode(x=x, y=y, color=keys.color)] if _several(table) and _has(table, "seed") else []),
        whole.mark_rule(strokeWidth=2.4).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y, color=keys.color),
        means.mark_point(filled=True, size=90, opacity=1).encode(x=x, y=y, color=keys.color, shape=keys.shape),
        means.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(
            y=y, x=still_x("width"), text=alt.Text("text:N")
        ),
        *([_said_ofabsent(base, y)] if rows.height > table.height else []),
    )
    return specification(chart, {"table": rows})


def _withabsent(table: pl.DataFrame, ranking: Sequence[str]) -> pl.DataFrame:
    """With a row of kind `none` for every loss and metric without a mean, in the last places."""
    metrics = table["metric"].unique(maintain_order=True) if "metric" in table.columns else [None]
    rows = []
    for metric in metrics:
        known = set((table if metric is None else table.filter(metric=metric))["loss_function"])
        lost = [loss for loss in ranking if loss not in known]
        rows += [
            {"loss_function": loss, "kind": "none", "metric": metric, "place": len(known) + place}
            for place, loss in enumerate(lost)
        ]
    if not rows:
        return table
    return pl.concat([table, pl.DataFrame(rows).select(set(table.columns) & set(rows[0]))], how="diagonal_relaxed")


def _said_ofabsent(base: alt.Chart, y: alt.Y) -> alt.Chart:
    """Words in the row of a loss that has nothing to draw."""
    rows = base.transform_filter(alt.datum.kind == "none")
    said: alt.Chart = rows.mark_text(align="left", fontSize=12, color=AXIS).encode(
        y=y, x=still_x(6), text=alt.TextValue("no trial finished")
    )
    return said


def _reach(table: pl.DataFrame) -> tuple[float, float]:
    """From the lowest to the highest mean or seed, or spread of many, and a little further."""
    spread = table.filter(pl.col("kind") == "spread")
    values = [*table["value"], *spread["low"], *spread["high"]] or [0.0]
    room = 0.05 * (max(values) - min(values))
    return min(values) - room, max(values) + room


def _cut(table: pl.DataFrame, colours: Colours, low: float, high: float) -> pl.DataFrame:
    """Of many losses one whose seeds lie far apart would squeeze all others: no interval is drawn beyond the bounds."""
    return table.with_columns(pl.col("low", "high").clip(low, high)) if colours.others else table


def _many(table: pl.DataFrame, drawn: pl.DataFrame, colours: Colours) -> str:
    """What a figure of many losses does to be read."""
    if not colours.others or table.is_empty():
        return ""
    cut = "" if table.equals(drawn) else " Intervals that reach further than the axis are cut."
    return f" In colour {colours.words}.{cut}"


def _drawn(table: pl.DataFrame) -> list[float]:
    return [float(value) for name in ("value", "low", "high") for value in table[name].drop_nulls()]


def _several(table: pl.DataFrame) -> bool:
    single = table.filter(pl.col("kind") == "seed").height
    return _has(table, "spread") or single > table.filter(pl.col("kind") == "mean").height


def _has(table: pl.DataFrame, kind: str) -> bool:
    return bool((table["kind"] == kind).any())


def _spread(base: alt.Chart, place: Mapping[str, Any]) -> alt.Chart:
    """A broad pale line where many seeds lie."""
    wide: alt.Chart = base.transform_filter(alt.datum.kind == "spread").mark_rule(strokeWidth=9, opacity=0.25)
    return wide.encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), **place)
