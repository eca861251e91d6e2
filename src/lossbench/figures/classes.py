"""How well each loss finds each class: a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from lossbench.analysis.types import Analysis
from lossbench.figures.charts import data, layered, message, short_labels, specification
from lossbench.figures.curves import metric_name
from lossbench.figures.style import HEAT, INK, ON_HEAT, PAPER
from lossbench.figures.types import Choice, Figure
from lossbench.results import Results
from lossbench.text import fixed, isolate

__all__ = ["CLASSES", "classes"]

CLASSES = {
    "metric": pl.String,
    "loss_function": pl.String,
    "class": pl.Int64,
    "class_name": pl.String,
    "seeds": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}

_METRICS = ("recall", "precision", "f1")
_MOST_CLASSES = 20  # more cannot be read; shown are those of the lowest recall
_TEXT_UP_TO = 12
_LONG = 30
_DARK = 0.7  # above it a cell is so dark that its number is written in white


def classes(number: int, results: Results, analysis: Analysis) -> Figure:
    """Recall of every class with every loss, best loss first; on the page precision and F1 too."""
    kept = _kept(results)
    table = _table(results, analysis, kept)
    recall = table.filter(pl.col("metric") == "recall")
    explored = not recall.is_empty() and len(analysis.ranking) <= 60
    options = tuple((metric, metric_name(metric)) for metric in _METRICS)
    return Figure(
        number=number,
        slug="classes",
        title="Recall of every class on the test set at the last epoch",
        caption=_caption(results, kept),
        alt=_alt(recall, analysis.ranking),
        loss=None,
        table=table,
        chart=_chart(recall, analysis, results, kept),
        explorer=_chart(table, analysis, results, kept, chosen="recall") if explored else None,
        controls=(Choice("metric", "Metric", options),) if explored else (),
    )


def _kept(results: Results) -> list[int]:
    """The classes that are shown, ascending."""
    names = results.data.class_names
    if len(names) <= _MOST_CLASSES:
        return list(range(len(names)))
    recall = results.classes.filter((pl.col("epoch") == results.last_epoch) & (pl.col("status") == "finished"))
    means = dict(recall.group_by("class_name").agg(pl.col("recall").mean()).iter_rows())
    order = sorted(range(len(names)), key=lambda index: (means.get(names[index], 1.0), index))
    return sorted(order[:_MOST_CLASSES])


def _table(results: Results, analysis: Analysis, kept: Sequence[int]) -> pl.DataFrame:
    found = {
        (item.metric, item.loss, item.class_name): item
        for item in analysis.estimates
        if item.class_name is not None and item.split == "test" and item.epoch is not None and item.mean is not None
    }
    names = results.data.class_names
    rows = [
        (metric, loss, index, names[index], len(item.seeds), item.mean, item.low, item.high)
        for metric in _METRICS
        for loss in analysis.ranking
        for index in kept
        if (item := found.get((metric, loss, names[index]))) is not None
    ]
    return pl.DataFrame(rows, schema=CLASSES, orient="row")


def _chart(
    table: pl.DataFrame, analysis: Analysis, results: Results, kept: Sequence[int], chosen: str = ""
) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=560), {})
    known = set(table["loss_function"])
    losses = [loss for loss in analysis.ranking if loss in known]
    names = [results.data.class_names[index] for index in kept]
    cell = max(26.0, min(56.0, 560 / len(kept)))
    base = alt.Chart(data(), width=cell * len(kept), height=(30.0 if len(losses) <= 12 else 18.0) * len(losses))
    if chosen:
        base = base.add_params(alt.param(name="metric", value=chosen)).transform_filter("datum.metric === metric")
    axis: dict[str, Any] = {"ticks": False, "domain": False, **short_labels(losses, _LONG)}
    y = alt.Y("loss_function:N", title=None, scale=alt.Scale(domain=losses), axis=alt.Axis(**axis))
    across: dict[str, Any] = {"ticks": False, "domain": False, **short_labels(names, 14)}
    x = alt.X(
        "class_name:N", title=None, scale=alt.Scale(domain=names), axis=alt.Axis(**across, orient="top", labelAngle=-40)
    )
    opacity = alt.FillOpacity("value:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    layers = [base.mark_rect(fill=HEAT, stroke=PAPER, strokeWidth=0.5).encode(x=x, y=y, fillOpacity=opacity)]
    if len(kept) <= _TEXT_UP_TO:
        hue = alt.condition(alt.datum.value > _DARK, alt.value(ON_HEAT), alt.value(INK))
        layers.append(base.mark_text(fontSize=10.5).encode(x=x, y=y, text=alt.Text("text:N"), color=hue))
    text = pl.col("value").map_elements(lambda value: f"{value:.2f}".removeprefix("0"), return_dtype=pl.String)
    return specification(layered(*layers), {"table": table.with_columns(text.alias("text"))})


def _caption(results: Results, kept: Sequence[int]) -> str:
    said = "Best loss first, means over seeds; the darker the more. Recall is the share of a class's pictures found."
    if len(kept) < len(results.data.class_names):
        said += f" Of {len(results.data.class_names)} classes the {len(kept)} with the lowest recall are shown."
    return said


def _alt(recall: pl.DataFrame, ranking: Sequence[str]) -> str:
    parts = []
    for loss in ranking:
        rows = recall.filter(pl.col("loss_function") == loss).sort("value")
        if rows.height > 1:
            low, high = rows.row(0, named=True), rows.row(-1, named=True)
            parts.append(
                f"{isolate(loss)} from {fixed(low['value'])} for {isolate(low['class_name'])} to "
                f"{fixed(high['value'])} for {isolate(high['class_name'])}"
            )
    return f"Heat map of recall: {'; '.join(parts)}." if parts else "Nothing to see: no trial finished."
