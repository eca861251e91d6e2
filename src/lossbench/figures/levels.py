"""One metric along a series of conditions: against the noise rate, the imbalance factor or the training size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from lossbench.analysis.across import Across, Crossing, Series
from lossbench.figures.charts import HEIGHT, TOLD, Keys, chance, data, layered, message, specification
from lossbench.figures.colours import Colours
from lossbench.figures.curves import metric_name, split_title
from lossbench.figures.mean_lines import BANDS_UP_TO
from lossbench.figures.style import INK, OTHERS
from lossbench.figures.types import Figure
from lossbench.spec import TUNED
from lossbench.text import capital, counted, fixed, isolate, listed, oxford

__all__ = ["LEVELS", "axis_title", "level_text", "levels", "within_series"]

# `kind`: `mean` with the 95 % interval over seeds, or `crossing`, where the line of a loss meets another's.
LEVELS = {
    "loss_function": pl.String,
    "kind": pl.String,
    "level": pl.Float64,
    "seeds": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}

_WIDTH = 520
_GUESSED = ("accuracy", "recall")  # what guessing gives one in the number of classes of


def levels(
    number: int,
    across: Across,
    series: Series,
    crossings: Sequence[Crossing],
    colours: Colours,
    name: str,
    measure: str = "",
) -> Figure:
    """The figure of one series, a line per loss.

    Args:
        number: its place.
        across: the study.
        series: whose conditions are the levels.
        crossings: of this series and measure; those that are shown are ringed.
        colours: of the losses.
        name: a slug that tells its file from the others'.
        measure: `train.memorised`, `test.few`; the study's own metric when it is empty.
    """
    measure = measure or across.metric
    table = _table(across, series, crossings, measure)
    title = _measure_title(measure)
    told = within_series(across, series)
    return Figure(
        number=number,
        slug=name,
        title=f"{capital(title)} against the {axis_title(series)}{told and ', ' + told}",
        caption=_caption(series, table, colours, across.losses, measure),
        alt=_alt(series, table, colours, title),
        loss=None,
        table=table,
        chart=_chart(across, series, table, colours, measure),
    )


def axis_title(series: Series) -> str:
    """What differs between the levels, in running text."""
    if series.axis == "noise":
        return f"rate of {series.form} label noise"
    if series.axis == "imbalance":
        return f"factor of {series.form} imbalance"
    return "share of the training data" if series.form == "share" else "number of training pictures"


def level_text(series: Series, value: float) -> str:
    """A level as it is written, three digits of it: a rate, a factor, a share in percent, a number of pictures."""
    shown = 100 * value if series.form == "share" else value
    words = f"{shown:,.0f}" if shown >= 100 else f"{shown:.3g}"
    return f"{words} %" if series.form == "share" else words


def within_series(across: Across, series: Series) -> str:
    """What tells a series' conditions from other series': model, recipe, what else its scenarios have."""
    conditions = across.conditions
    parts = [isolate(series.model)] if len({item.model for item in conditions}) > 1 else []
    parts += [] if series.others == "clean" else [f"with {isolate(series.others)}"]
    recipes = len({item.recipe for item in conditions}) > 1
    parts += [f"{'tuned' if series.recipe == TUNED else 'fixed'} recipe"] if recipes else []
    return ", ".join(parts)


def _measure_title(measure: str) -> str:
    split, _, column = measure.partition(".")
    name = metric_name(column)
    return name if name.startswith(("share", "recall of")) else f"{split_title(split)} {name}"


def _table(across: Across, series: Series, crossings: Sequence[Crossing], measure: str) -> pl.DataFrame:
    means: dict[str, list[tuple[float, float]]] = {}
    rows: list[tuple[object, ...]] = []
    for loss in across.losses:
        for level, item in series.points(loss, measure):
            means.setdefault(loss, []).append((level, item.mean or 0.0))
            rows.append((loss, "mean", level, len(item.seeds), item.mean, item.low, item.high))
    for found in crossings:
        if found.shown:
            value = _along(series, dict(means[found.a]), found)
            rows.append((found.a, "crossing", found.at, None, value, found.low, found.high))
    return pl.DataFrame(rows, schema=LEVELS, orient="row")


def _along(series: Series, means: dict[float, float], crossing: Crossing) -> float:
    """Where the line of the first loss is at a crossing."""
    below, above, at = (series.place(value) for value in (crossing.below, crossing.above, crossing.at))
    share = (at - below) / (above - below)
    return (1 - share) * means[crossing.below] + share * means[crossing.above]


def _chart(across: Across, series: Series, table: pl.DataFrame, colours: Colours, measure: str) -> dict[str, Any]:
    means = table.filter(pl.col("kind") == "mean")
    if means.is_empty():
        return specification(message("no trial finished", width=_WIDTH), {})
    keys = Keys({label: colours.places[label] for label in colours.coloured}, legend="shape")
    base = alt.Chart(data(), width=_WIDTH, height=HEIGHT + 50)
    x, y = (
        _x(series, sorted(set(means["level"]))),
        alt.Y("value:Q", title=_measure_title(measure), scale=_scale(means, measure)),
    )
    whole = base.transform_filter(alt.datum.kind == "mean")
    shown = whole.transform_filter("datum.coloured") if colours.others else whole
    spread = shown.transform_filter(alt.datum.low != None)  # noqa: E711 # an expression of the chart
    low = alt.Y("low:Q")
    layers = [
        spread.mark_rule(strokeWidth=1.6, opacity=0.75, clip=True).encode(
            x=x, y=low, y2=alt.Y2("high:Q"), color=keys.color
        ),
        shown.mark_line(strokeWidth=2, tooltip=TOLD).encode(x=x, y=y, color=keys.color, strokeDash=keys.dash),
        shown.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=y, color=keys.color, shape=keys.shape),
    ]
    if len(across.losses) <= BANDS_UP_TO:
        layers.insert(
            0, spread.mark_area(opacity=0.1, clip=True).encode(x=x, y=low, y2=alt.Y2("high:Q"), color=keys.color)
        )
    if colours.others:
        grey = whole.transform_filter("!datum.coloured")
        thin = grey.mark_line(strokeWidth=1, opacity=0.4, color=OTHERS, tooltip=TOLD)
        layers.insert(0, thin.encode(x=x, y=y, detail=alt.Detail("loss_function:N")))
    if means.height < table.height:
        rings = base.transform_filter(alt.datum.kind == "crossing")
        layers.append(rings.mark_point(size=230, strokeWidth=1.6, color=INK, filled=False).encode(x=x, y=y))
    classes = len(across.lined[0].within.results.data.class_names)
    guessed = measure.partition(".")[2] in _GUESSED and classes > 0 and _near(means["value"].to_list(), 1 / classes)
    line = [chance(classes)] if guessed else []
    marked = table.with_columns(pl.col("loss_function").is_in(colours.coloured).alias("coloured"))
    return specification(layered(*line, *layers), {"table": marked if colours.others else table})


def _scale(means: pl.DataFrame, measure: str) -> alt.Scale:
    """Around means and intervals; of a share no further than a share goes."""
    low, high = _spread(means)
    room = 0.04 * (high - low) or 0.01
    least, most = _bounds(measure)
    return alt.Scale(domain=[max(low - room, least), min(high + room, most)], nice=True, zero=False)


def _spread(means: pl.DataFrame) -> tuple[float, float]:
    values = [value for name in ("value", "low", "high") for value in means[name].drop_nulls() if math.isfinite(value)]
    return min(values, default=0.0), max(values, default=1.0)


def _bounds(measure: str) -> tuple[float, float]:
    """What a metric cannot go beyond."""
    unbounded = measure.partition(".")[2] in ("loss", "nll", "brier")
    return 0.0, math.inf if unbounded else 1.0


def _near(values: Sequence[float], line: float) -> bool:
    """Whether a line is so near that showing it does not squeeze the values."""
    return line > min(values) - 0.3 * (max(values) - min(values))


def _x(series: Series, values: Sequence[float]) -> alt.X:
    words: dict[str, Any] = {"format": ",.3~g" if series.axis == "noise" else ",.0f"}
    if series.form == "share":
        words = {"labelExpr": "format(100 * datum.value, '.3~g') + ' %'"}
    axis = alt.Axis(values=list(values), grid=False, labelOverlap=True, **words)
    reach = _reach(series, values)
    scale = alt.Scale(type="log", domain=reach) if series.logarithmic else alt.Scale(zero=False, domain=reach)
    return alt.X("level:Q", title=axis_title(series), axis=axis, scale=scale)


def _reach(series: Series, values: Sequence[float]) -> list[float]:
    """From the first level to the last and a little further, so that points are not cut."""
    first, last = series.place(min(values)), series.place(max(values))
    room = 0.03 * (last - first) or 0.1
    return [series.level(first - room), series.level(last + room)]


def _caption(series: Series, table: pl.DataFrame, colours: Colours, losses: Sequence[str], measure: str) -> str:
    means = table.filter(pl.col("kind") == "mean")
    if means.is_empty():
        return "No trial finished."
    seeds = means["seeds"].to_list()
    count = counted(max(seeds), "seed") if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)} seeds"
    spread = "" if max(seeds) < 2 else ", with their 95 % t intervals"
    said = [f"Means over {count}{spread}; lines between the levels are straight."]
    (low, high), (least, most) = _spread(means), _bounds(measure)
    if low < least or high > most:
        said.append("Intervals that reach further than the axis are cut.")
    if series.logarithmic:
        said.append("The horizontal axis is logarithmic.")
    if means.height < table.height:
        said.append("A ring: two losses change places, shown by verdicts on both sides.")
    absent = [loss for loss in losses if loss not in set(means["loss_function"])]
    if absent:
        said.append(f"No trial of {oxford(absent, 'or')} finished.")
    if colours.others:
        said.append(f"In colour {colours.words}, the others in grey.")
    return " ".join(said)


def _alt(series: Series, table: pl.DataFrame, colours: Colours, title: str) -> str:
    parts = []
    for label in colours.coloured:
        rows = table.filter((pl.col("loss_function") == label) & (pl.col("kind") == "mean"))
        if not rows.is_empty():
            at = [
                f"{fixed(value)} at {level_text(series, x)}" for x, value in rows.select("level", "value").iter_rows()
            ]
            parts.append(f"{isolate(label)} {listed(at)}")
    return f"Line chart of {title}: {'; '.join(parts)}." if parts else "No line: no trial finished."
