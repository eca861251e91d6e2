"""The parts that charts are put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import polars as pl

from lossbench.figures.style import AXIS, CONFIG, INK, color, dash, shape

__all__ = [
    "HEIGHT",
    "LINE",
    "TOLD",
    "WIDTH",
    "Keys",
    "Panel",
    "chance",
    "data",
    "drawable",
    "epochs_axis",
    "joined",
    "message",
    "short_labels",
    "specification",
    "wide_enough",
]

WIDTH, HEIGHT = 300, 230

# A legend of lines, long enough to tell their dashes apart.
LINE: dict[str, Any] = {"symbolType": "stroke", "symbolSize": 700, "symbolOpacity": 1}

# What every object of the renderer's language has: it looks groups up by name, and finds these instead.
_TAKEN = frozenset(
    {
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    }
)

_TOP = {"$schema": alt.SCHEMA_URL}

_STILL = 0.001  # of the values' size: what a curve that moves by less is drawn as, a level line

# On a line whose values the page tells under the pointer; in a picture it does nothing.
TOLD: dict[str, Any] = {"content": "data"}

Panel = alt.LayerChart | alt.FacetChart  # what the library says that layers with a title or a size are


class Keys:
    """What tells losses apart in one figure: colour, dash and shape by place, one legend for the three.

    Args:
        places: every loss that the figure shows with its place in the study.
        legend: whether it shows dashes or shapes (drawn together, a shape would get a dashed edge), or is left out.
    """

    def __init__(self, places: Mapping[str, int], legend: Literal["dash", "shape"] | None) -> None:
        labels, indices = list(places), list(places.values())
        longest = max(map(len, labels), default=0)
        words: dict[str, Any] = {"title": None, "columns": 4 if longest < 19 else 3 if longest < 28 else 2}
        words |= short_labels(labels, 40)
        shown = alt.Legend(**words, symbolOpacity=1, symbolStrokeWidth=0, symbolDash=[1, 0]) if legend else None
        dashed = alt.Legend(**words, **LINE) if legend == "dash" else None
        self.color = _channel(alt.Color, labels, [color(index) for index in indices], dashed or shown)
        self.dash = _channel(alt.StrokeDash, labels, [dash(index) for index in indices], dashed or shown)
        self.shape = _channel(alt.Shape, labels, [shape(index) for index in indices], shown)


def _channel(channel: Any, labels: Sequence[str], values: Sequence[Any], legend: alt.Legend | None) -> Any:
    return channel("loss_function:N", scale=alt.Scale(domain=list(labels), range=list(values)), legend=legend)


def short_labels(labels: Sequence[str], most: int) -> dict[str, Any]:
    """What an axis or a legend is told about labels of which one is too long: to write it as `text.shortened` does."""
    if max(map(len, labels), default=0) <= most:
        return {}
    first, last = most // 3, most - most // 3 - 1
    short = f"slice(datum.label, 0, {first}) + '…' + slice(datum.label, -{last})"
    return {"labelExpr": f"length(datum.label) > {most} ? {short} : datum.label"}


def data(name: str = "table") -> alt.NamedData:
    """A table that `specification` is handed by name: charts copy their data whenever they are combined."""
    return alt.NamedData(name)


def epochs_axis(first: int, last: int) -> alt.X:
    """Epochs are whole numbers; one alone stands in the middle."""
    if first == last:
        scale, axis = alt.Scale(domain=[last - 0.5, last + 0.5]), alt.Axis(values=[last], format="d", grid=False)
    else:
        scale = alt.Scale(domain=[first, last], nice=False)
        axis = alt.Axis(format="d", tickMinStep=1, tickCount=8, grid=False)
        if last - first < 4:  # so few that the library would put ticks between them
            axis = alt.Axis(format="d", values=list(range(first, last + 1)), grid=False)
    return alt.X("epoch:Q", title="epoch", scale=scale, axis=axis)


def wide_enough(values: Sequence[float], least: float) -> alt.Scale:
    """A scale around the values that spans something: noise in the third decimal is not drawn as large as a trend."""
    low, high = min(values), max(values)
    least = max(least, _STILL * max(abs(low), abs(high))) or 1.0
    pad = max(0.04 * (high - low), (least - (high - low)) / 2)
    return alt.Scale(domain=[low - pad if low < 0 else max(0.0, low - pad), high + pad], nice=True, zero=False)


def chance(classes: int, along: str = "y") -> Panel:
    """A thin labelled line at what guessing gives."""
    base = alt.Chart(alt.InlineData(values=[{"chance": 1 / classes, "label": f"chance, 1/{classes}"}]))
    rule = base.mark_rule(color=AXIS, strokeDash=[1, 3], strokeWidth=1.2)
    word: dict[str, Any] = {"fontSize": 11, "color": AXIS, "align": "right" if along == "y" else "left"}
    if along == "y":
        text = base.mark_text(**word, baseline="bottom", dy=-2, dx=-2)
        return alt.layer(
            rule.encode(y=alt.Y("chance:Q")), text.encode(y=alt.Y("chance:Q"), x=alt.value("width"), text="label:N")
        )
    text = base.mark_text(**word, baseline="bottom", dy=-3)
    return alt.layer(rule.encode(x=alt.X("chance:Q")), text.encode(x=alt.X("chance:Q"), y=alt.value(0), text="label:N"))


def message(text: str, width: int = WIDTH, height: int = HEIGHT) -> alt.Chart:
    """A figure that has nothing to draw says why."""
    base = alt.Chart(alt.InlineData(values=[{"text": text}]), width=width, height=height)
    chart: alt.Chart = base.mark_text(fontSize=13, color=INK).encode(
        text="text:N", x=alt.value(width / 2), y=alt.value(height / 2)
    )
    return chart


def joined(panels: Sequence[Any], layout: Literal["hconcat", "concat"] = "hconcat", **options: Any) -> dict[str, Any]:
    """Panels side by side, as plain data: the library's own way to join charts copies them again and again.

    Args:
        panels: charts.
        layout: in one row, or as many columns as the options say.
        options: as Vega-Lite has them: `columns`, `spacing`, `resolve`.
    """
    inline: dict[str, Any] = {}
    parts = [panel.to_dict(validate=False, context={"top_level": False, "datasets": inline}) for panel in panels]
    return {**_TOP, layout: parts, "datasets": inline, **options}


def specification(chart: Any, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """The chart as plain data, with its tables inside and the look of all figures."""
    spec: dict[str, Any] = chart if isinstance(chart, dict) else chart.to_dict(validate=False)  # a test validates
    datasets = {name: table.to_dicts() for name, table in tables.items()}
    whole: dict[str, Any] = {**spec, "datasets": {**spec.get("datasets", {}), **datasets}, "config": CONFIG}
    return whole if _TAKEN.isdisjoint(_words(tables)) else _drawable(whole)


def drawable(label: str) -> str:
    """A label as charts know it: one that the renderer takes for something of its own gets a mark that nobody sees."""
    return f"{label}\u2060" if label in _TAKEN else label


def _words(tables: Mapping[str, pl.DataFrame]) -> set[str]:
    columns = (table[name] for table in tables.values() for name in table.columns if table[name].dtype == pl.String)
    return {word for column in columns for word in column.unique().to_list() if word is not None}


def _drawable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _drawable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(item) for item in value]
    return drawable(value) if isinstance(value, str) else value
