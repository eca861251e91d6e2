"""Every loss in every condition: a heat map of how far each is from the condition's leader."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import altair as alt
import polars as pl

from lossbench.analysis.across import Across
from lossbench.figures.charts import data, layered, message, short_labels, specification
from lossbench.figures.curves import metric_name, split_title
from lossbench.figures.style import HEAT, INK, PAPER
from lossbench.figures.types import Figure
from lossbench.spec import Condition
from lossbench.text import capital, fixed, isolate, listed

__all__ = ["CONDITIONS", "conditions"]

# `behind` is how far the mean is from the condition's best, 0 or more; `best` whether it is in the best set.
CONDITIONS = {
    "loss_function": pl.String,
    "condition": pl.String,
    "seeds": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "behind": pl.Float64,
    "best": pl.Boolean,
}

_TEXT_UP_TO = 10  # conditions whose cells have room for a number
_LONG = 34
_LONG_CONDITION = 46
_DARKEST = 0.6  # of a cell: on it, ink has a contrast of 5


def conditions(number: int, across: Across) -> Figure:
    """The means of the study's metric by loss and condition, best loss first."""
    table = _table(across)
    split, _, column = across.metric.partition(".")
    name = f"{split_title(split)} {metric_name(column)}"
    return Figure(
        number=number,
        slug="conditions",
        title=f"{capital(name)} of every loss in every condition",
        caption=_caption(across, table),
        alt=_alt(across, table, name),
        loss=None,
        table=table,
        chart=_chart(across, table),
    )


def _named(across: Across) -> Mapping[Condition, str]:
    return {condition: condition.told(across.conditions) or condition.scenario for condition in across.conditions}


def _table(across: Across) -> pl.DataFrame:
    named, rows = _named(across), []
    for loss in across.ranking:
        for item in across.lined:
            found = item.estimate(loss)
            if found is None or found.mean is None or item.leader is None or not math.isfinite(found.mean):
                continue
            behind = abs(item.means[item.leader] - found.mean)
            values = (len(found.seeds), found.mean, found.low, found.high, behind, loss in item.best)
            rows.append((loss, named[item.condition], *values))
    return pl.DataFrame(rows, schema=CONDITIONS, orient="row")


def _chart(across: Across, table: pl.DataFrame) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=560), {})
    known = set(table["loss_function"])
    losses, columns = [loss for loss in across.ranking if loss in known], list(_named(across).values())
    cell = max(22.0, min(84.0, 600 / len(columns)))
    height = (30.0 if len(losses) <= 12 else 18.0) * len(losses)
    base = alt.Chart(data(), width=cell * len(columns), height=height)
    axis: dict[str, Any] = {"ticks": False, "domain": False}
    rows = alt.Axis(**axis, **short_labels(losses, _LONG))
    y = alt.Y("loss_function:N", title=None, scale=alt.Scale(domain=losses), axis=rows)
    across_top = alt.Axis(
        **axis, **short_labels(columns, _LONG_CONDITION), labelLimit=300, orient="top", labelAngle=-35
    )
    x = alt.X("condition:N", title=None, scale=alt.Scale(domain=columns), axis=across_top)
    opacity = alt.FillOpacity("near:Q", scale=alt.Scale(domain=[0, 1], range=[0, _DARKEST]), legend=None)
    layers = [base.mark_rect(fill=HEAT, stroke=PAPER, strokeWidth=1).encode(x=x, y=y, fillOpacity=opacity)]
    if len(columns) <= _TEXT_UP_TO:
        layers.append(base.mark_text(fontSize=11.5, color=INK).encode(x=x, y=y, text=alt.Text("text:N")))
    whole = {"usermeta": {"whole": len(columns) <= _TEXT_UP_TO}}
    return {**specification(layered(*layers), {"table": _shaded(table)}), **whole}


def _shaded(table: pl.DataFrame) -> pl.DataFrame:
    """With `near`, 1 for a condition's leader and 0 for who is furthest behind anywhere, and each cell's words."""
    furthest = max(table["behind"].to_list()) or 1.0
    near = 1 - (pl.col("behind") / furthest).sqrt()
    text = [fixed(value) + (" •" if best else "") for value, best in table.select("value", "best").iter_rows()]
    return table.with_columns(near.alias("near"), pl.Series("text", text, dtype=pl.String))


def _caption(across: Across, table: pl.DataFrame) -> str:
    if table.is_empty():
        return "No trial finished."
    said = "Means over seeds, the losses by their mean rank; the darker a cell, the nearer to its condition's best."
    marked = " •: in the condition's best set." if table["best"].any() and len(across.lined) <= _TEXT_UP_TO else ""
    return said + marked


def _alt(across: Across, table: pl.DataFrame, name: str) -> str:
    parts = []
    for condition in _named(across).values():
        rows = table.filter(pl.col("condition") == condition).sort("behind")
        if not rows.is_empty():
            first = rows.row(0, named=True)
            parts.append(f"{isolate(condition)} {isolate(first['loss_function'])} with {fixed(first['value'])}")
    return f"Heat map of {name}; ahead are, in {listed(parts)}." if parts else "Nothing to see: no trial finished."
