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
    "Spec",
    "chance",
    "data",
    "drawable",
    "epochs_axis",
    "joined",
    "layered",
    "message",
    "short_labels",
    "specification",
    "still_x",
    "still_y",
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

_STILL = 0.001  # of the values' size: what a curve that moves by less is drawn as, a level line

# On a line whose values the page tells under the pointer; in a picture it does nothing.
TOLD: dict[str, Any] = {"content": "data"}

Spec = dict[str, Any]
"""A view of Vega-Lite as plain data."""


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


def still_x(place: float | str) -> Any:
    """A place across that no row decides: units from the left, or `width`, the right edge."""
    return alt.XValue(place)  # type: ignore[no-untyped-call]  # the library does not annotate it


def still_y(place: float | str) -> Any:
    """A place up or down that no row decides: units from the top, or `height`, the bottom."""
    return alt.YValue(place)  # type: ignore[no-untyped-call]  # the library does not annotate it


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


def chance(classes: int, along: str = "y", where: str = "") -> Spec:
    """A thin labelled line at what guessing gives; where an expression of the chart holds, if there is one."""
    base = alt.Chart(alt.InlineData(values=[{"chance": 1 / classes, "label": f"chance, 1/{classes}"}]))
    rule = base.mark_rule(color=AXIS, strokeDash=[1, 3], strokeWidth=1.2)
    word: dict[str, Any] = {"fontSize": 11, "color": AXIS, "align": "right" if along == "y" else "left"}
    said = alt.Text("label:N")
    if along == "y":
        y = alt.Y("chance:Q")
        text = base.mark_text(**word, baseline="bottom", dy=-2, dx=-2)
        line = layered(rule.encode(y=y), text.encode(y=y, x=still_x("width"), text=said))
    else:
        x = alt.X("chance:Q")
        text = base.mark_text(**word, baseline="bottom", dy=-3)
        line = layered(rule.encode(x=x), text.encode(x=x, y=still_y(0), text=said))
    return {**line, "transform": [{"filter": where}]} if where else line


def message(text: str, width: int = WIDTH, height: int = HEIGHT) -> alt.Chart:
    """A figure that has nothing to draw says why."""
    base = alt.Chart(alt.InlineData(values=[{"text": text}]), width=width, height=height)
    chart: alt.Chart = base.mark_text(fontSize=13, color=INK).encode(
        text=alt.Text("text:N"), x=still_x(width / 2), y=still_y(height / 2)
    )
    return chart


def layered(*charts: alt.Chart | Spec, **options: Any) -> Spec:
    """Charts one over another, as plain data: the library's own way copies them again and again.

    What they have in common, their size and the parameters that they listen to are the whole's.

    Args:
        charts: the lowest first.
        options: as Vega-Lite has them: `title`.
    """
    datasets: Spec = {}
    parts = [_plain(chart, datasets) for chart in charts]
    whole = {**options, "layer": parts, "datasets": datasets}
    params = {param["name"]: param for part in parts for param in part.pop("params", ())}
    if params:
        whole["params"] = list(params.values())
    if all("data" in part and part["data"] == parts[0]["data"] for part in parts):
        whole["data"] = parts[0]["data"]
        for part in parts:
            del part["data"]
    for name in ("width", "height"):
        sizes = [part.pop(name) for part in parts if name in part]
        if sizes:
            whole[name] = sizes[0]
    return whole


def joined(
    panels: Sequence[alt.Chart | Spec], layout: Literal["hconcat", "concat"] = "hconcat", **options: Any
) -> Spec:
    """Panels side by side, as plain data, as `layered` has charts.

    Args:
        panels: the first on the left.
        layout: in one row, or as many columns as the options say.
        options: as Vega-Lite has them: `columns`, `spacing`, `resolve`.
    """
    datasets: Spec = {}
    return {layout: [_plain(panel, datasets) for panel in panels], "datasets": datasets, **options}


def _plain(chart: alt.Chart | Spec, datasets: Spec) -> Spec:
    """A chart as plain data; tables that were written into it are moved to `datasets`."""
    if isinstance(chart, dict):
        datasets |= chart.get("datasets", {})
        return {name: value for name, value in chart.items() if name != "datasets"}
    plain: Spec = chart.to_dict(validate=False, context={"top_level": False, "datasets": datasets})  # a test validates
    return plain


def specification(chart: alt.Chart | Spec, tables: Mapping[str, pl.DataFrame]) -> Spec:
    """The chart as plain data, with its tables inside and the look of all figures."""
    datasets: Spec = {}
    spec = _plain(chart, datasets)
    datasets |= {name: table.to_dicts() for name, table in tables.items()}
    whole = {"$schema": alt.SCHEMA_URL, **spec, "datasets": datasets, "config": CONFIG}
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
