"""How one loss trained: its loss and accuracy per epoch, train and test."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

import altair as alt
import polars as pl

from lossbench.figures.charts import (
    HEIGHT,
    LINE,
    TOLD,
    Spec,
    chance,
    data,
    epochs_axis,
    joined,
    layered,
    message,
    specification,
    wide_enough,
)
from lossbench.figures.curves import curve, curves, ended, finished_seeds, split_title, splits
from lossbench.figures.many_seeds import SPREAD, summarised
from lossbench.figures.style import color
from lossbench.figures.types import Figure
from lossbench.results import Results
from lossbench.text import MANY_SEEDS, capital, counted, fixed, isolate, listed

__all__ = ["training"]

_METRICS = ("loss", "accuracy")


def training(number: int, results: Results, loss: str, places: Mapping[str, int], name: str) -> Figure:
    """The training figure of one loss; `name`, a slug, tells its file from the others'."""
    shown = splits(results)
    table = summarised(curves(results, [loss], _METRICS, shown))
    return Figure(
        number=number,
        slug=f"training-{name}",
        title=f"Loss and accuracy per epoch with {isolate(loss)}",
        caption=_caption(results, loss, table),
        alt=_alt(table, loss, shown),
        loss=loss,
        table=table,
        chart=_chart(table, color(places[loss]), shown, results),
    )


def _chart(table: pl.DataFrame, hue: str, shown: tuple[str, str], results: Results) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial of this loss got through an epoch", width=600), {})
    titled = table.with_columns(pl.col("split").replace_strict({split: split_title(split) for split in shown}))
    tables = {metric: titled.filter(pl.col("metric") == metric) for metric in _METRICS}
    panels = [_panel(rows, metric, hue, shown, results) for metric, rows in tables.items()]
    return specification(joined(panels, spacing=28), tables)


def _panel(table: pl.DataFrame, metric: str, hue: str, shown: tuple[str, str], results: Results) -> Spec:
    base = alt.Chart(data(metric), width=290, height=HEIGHT)
    if table.is_empty():
        return layered(message(f"no finite {metric}", width=290))
    x = epochs_axis(int(table["epoch"].to_numpy().min()), results.last_epoch)
    classes = len(results.data.class_names)
    line = [1 / classes] if metric == "accuracy" and classes else []
    scale = wide_enough([*_drawn(table), *line], least=0.1 if metric == "accuracy" else 0.0)
    y = alt.Y("value:Q", title=metric, scale=scale, axis=alt.Axis(tickCount=6))
    filled = {"symbolFillColor": hue, "symbolDash": [1, 0], "symbolOpacity": 1}
    legend = alt.Legend(title=None, symbolStrokeColor=hue, **(filled if _few(table) else LINE))
    names = [split_title(split) for split in shown]
    dashes = alt.Scale(domain=names, range=[[6, 3], [1, 0]])
    split = alt.StrokeDash("split:N", scale=dashes, legend=legend)
    kind = alt.datum.kind
    band = base.transform_filter((kind == "mean") & (alt.datum.low != None)).mark_area(color=hue, opacity=0.16)  # noqa: E711 # an expression of the chart
    bold = base.transform_filter(kind == "mean").mark_line(color=hue, strokeWidth=2.4, tooltip=TOLD)
    layers = [
        band.encode(x=x, y=alt.Y("low:Q", title=metric), y2=alt.Y2("high:Q"), detail=alt.Detail("split:N")),
        _of_seeds(base, table, x, y, split, hue),
        bold.encode(x=x, y=y, strokeDash=split),
        *_ended(base, x, y, hue),
    ]
    if _few(table):
        points = base.transform_filter(kind == "mean").mark_point(color=hue, filled=True, size=70)
        shapes = alt.Scale(domain=names, range=["triangle-up", "circle"])
        layers.append(points.encode(x=x, y=y, shape=alt.Shape("split:N", scale=shapes, legend=legend)))
    return layered(*(chance(classes) for _ in line), *layers)


def _of_seeds(base: alt.Chart, table: pl.DataFrame, x: alt.X, y: alt.Y, split: alt.StrokeDash, hue: str) -> alt.Chart:
    """A thin line per seed, or a pale band for many."""
    if (table["kind"] == "spread").any():
        pale: alt.Chart = base.transform_filter(alt.datum.kind == "spread").mark_area(color=hue, opacity=0.1)
        return pale.encode(
            x=x, y=alt.Y("low:Q", title=table["metric"][0]), y2=alt.Y2("high:Q"), detail=alt.Detail("split:N")
        )
    thin: alt.Chart = base.transform_filter(alt.datum.kind == "seed").mark_line(
        color=hue, strokeWidth=0.8, opacity=0.45
    )
    return thin.encode(x=x, y=y, detail=alt.Detail("seed:N"), strokeDash=split)


def _drawn(table: pl.DataFrame) -> list[float]:
    return [float(value) for name in ("value", "low", "high") for value in table[name].drop_nulls()]


def _few(table: pl.DataFrame) -> bool:
    """Whether there are too few epochs for lines to be seen."""
    return len(set(table["epoch"])) < 3


def _ended(base: alt.Chart, x: alt.X, y: alt.Y, hue: str) -> list[alt.Chart]:
    """Trials that ended early: dotted, a cross at their last epoch."""
    rows = base.transform_filter(alt.datum.kind == "ended")
    line = rows.mark_line(color=hue, strokeWidth=1.3, strokeDash=[1.5, 2.5])
    last = rows.transform_joinaggregate(last="max(epoch)", groupby=["seed", "split"])
    cross = last.transform_filter(alt.datum.epoch == alt.datum.last).mark_text(text="×", fontSize=16, color=hue)
    return [line.encode(x=x, y=y, detail=[alt.Detail("seed:N"), alt.Detail("split:N")]), cross.encode(x=x, y=y)]


def _caption(results: Results, loss: str, table: pl.DataFrame) -> str:
    train, test = (split_title(split) for split in splits(results))
    how = "as triangles, {} as circles" if _few(table) else "dashed, {} solid"
    return " ".join([f"{capital(train)} {how.format(test)}.", *_trials(results, loss, table)])


def _trials(results: Results, loss: str, table: pl.DataFrame) -> list[str]:
    """What the lines stand for: how many seeds, and which ended early."""
    finished = finished_seeds(results, loss)
    if not finished:
        sentences = [f"No trial of {isolate(loss)} finished."]
    elif len(finished) == 1:
        sentences = [f"One trial, seed {finished[0]}."]
    else:
        each = f"pale {SPREAD}" if len(finished) > MANY_SEEDS else "thin the single seeds"
        sentences = [
            f"Bold the mean of {counted(len(finished), 'seed')}, with a band of one standard deviation to each side; "
            f"{each}."
        ]
    drawn, diverged = set(table.filter(pl.col("kind") == "ended")["seed"]), ended(results, loss)
    for seed, epochs, _ in diverged if len(diverged) <= MANY_SEEDS else ():
        how = ", drawn dotted up to there" if seed in drawn else ""
        sentences.append(f"Seed {seed} diverged after {counted(epochs, 'epoch')}{how}.")
    if len(diverged) > MANY_SEEDS:
        how = f"of which {len(drawn)} {_are(drawn)} drawn dotted up to there" if drawn else "which is not drawn"
        sentences.append(f"{counted(len(diverged), 'seed')} diverged, {how}.")
    lost = [str(seed) for status in ("failed", "missing") for seed, _, _ in ended(results, loss, status)]
    if len(lost) == 1:
        sentences.append(f"Seed {lost[0]} failed or is missing.")
    elif len(lost) > MANY_SEEDS:
        sentences.append(f"{counted(len(lost), 'seed')} failed or are missing.")
    elif lost:
        sentences.append(f"Seeds {listed(lost)} failed or are missing.")
    return sentences


def _are(some: Sized) -> str:
    return "is" if len(some) == 1 else "are"


def _alt(table: pl.DataFrame, loss: str, shown: tuple[str, str]) -> str:
    parts = []
    for metric in _METRICS:
        for split in shown:
            epochs, values = curve(table, loss, metric, split)
            if values:
                change = f"from {fixed(values[0])} in epoch {epochs[0]} to {fixed(values[-1])} in epoch {epochs[-1]}"
                parts.append(f"{split_title(split)} {metric} goes {change}")
    if not parts:
        return f"No curve: no trial of {isolate(loss)} finished."
    return f"Two line charts for {isolate(loss)}: {capital('; '.join(parts))}."
