"""Means over epochs, a line per loss: what every figure of all losses draws in a panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import polars as pl

from lossbench.figures.charts import TOLD, Keys
from lossbench.figures.curves import marked
from lossbench.figures.style import OTHERS

__all__ = ["BANDS_UP_TO", "mean_lines", "with_marks"]

BANDS_UP_TO = 6
"""Losses; more bands than that hide each other."""


def mean_lines(
    base: alt.Chart, rows: pl.DataFrame, x: alt.X, y: alt.Y, title: str, keys: Keys, losses: int
) -> list[Any]:
    """The layers of one panel: lines and points in colour, bands where losses are few, the others thin and grey.

    Args:
        base: draws the rows.
        rows: of `curves`, with marks.
        x: the epoch.
        y: the value.
        title: of its axis.
        keys: of the losses in colour.
        losses: how many the study has.
    """
    shown = base.transform_filter(alt.datum.mark != None) if rows["mark"].has_nulls() else base  # noqa: E711 # of the chart
    layers = [
        shown.mark_line(strokeWidth=2, tooltip=TOLD).encode(x=x, y=y, color=keys.color, strokeDash=keys.dash),
        base.transform_filter(alt.datum.mark)
        .mark_point(filled=True, size=48, opacity=1)
        .encode(x=x, y=y, color=keys.color, shape=keys.shape),
    ]
    if losses <= BANDS_UP_TO and rows["low"].is_not_null().any():
        band = base.mark_area(opacity=0.13).encode(
            x=x, y=alt.Y("low:Q", title=title), y2=alt.Y2("high:Q"), color=keys.color
        )
        layers.insert(0, band)
    if shown is not base:
        grey = base.transform_filter(alt.datum.mark == None)  # noqa: E711 # an expression of the chart
        rest = grey.mark_line(strokeWidth=1, opacity=0.4, color=OTHERS, tooltip=TOLD)
        layers.insert(0, rest.encode(x=x, y=y, detail=alt.Detail("loss_function:N")))
    return layers


def with_marks(rows: pl.DataFrame, places: Mapping[str, int]) -> pl.DataFrame:
    """With a column `mark`: whether the curve carries its shape there; null for a loss that is not in colour."""
    epochs = sorted(set(rows["epoch"]))
    at = {label: marked(epochs, place) for label, place in places.items()}
    flags = [
        epoch in at[label] if label in at else None
        for label, epoch in rows.select("loss_function", "epoch").iter_rows()
    ]
    return rows.with_columns(pl.Series("mark", flags, dtype=pl.Boolean))
