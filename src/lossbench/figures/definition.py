"""What a family of losses is: value and gradient over the probability of the true class and over the margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median_low
from typing import Any

import altair as alt
import numpy as np
import polars as pl
from altair.utils.schemapi import UndefinedType

from lossbench.figures.charts import LINE, TOLD, Keys, Spec, data, joined, layered, message, specification
from lossbench.figures.slider import GAMMA, movable, moved, reach
from lossbench.figures.types import Figure
from lossbench.results import LossView
from lossbench.text import fixed, isolate, listed, oxford, slug

__all__ = ["definition"]

_X = {
    "probability": "probability of the true class",
    "margin": "logit of the true class, the others 0",
}
_Y = {"value": "loss", "gradient": "gradient by the true class's logit"}

_FAR = 12.0  # times as large as the middle one: a line of twelve pixels' height where there would be 170
_ROOM = 0.05  # of a cut axis beyond the values that it is for, so that no line is cut along its length
_WIDTH, _HEIGHT = 285, 170  # of one panel
_LONG = 40  # characters that a legend shows of a label; studies keep to it


def definition(number: int, views: Sequence[LossView], places: Mapping[str, int], note: str = "") -> Figure:
    """The definition figure of some losses, all in one picture: in a study the settings of one name.

    Args:
        number: the figure's.
        views: the losses, drawn for the same number of classes.
        places: of each label the place that its colour and dash go by.
        note: a last sentence for the caption.
    """
    table = _table(views)
    first = views[0]
    labels = [view.label for view in views]
    names = list(dict.fromkeys(view.name for view in views))
    several = len(names) > 1
    beyond = {column: _beyond(table, column, views) if several else [] for column in _Y}
    parts = [_caption(views), _pulls(views) if several else " ".join(map(_weight, views)), _cut(beyond), note]
    own_places = {label: places[label] for label in labels}
    chart = _chart(table, own_places, beyond, whole_labels=several)
    moving = movable(views)
    explorer = _chart(table, own_places, beyond, whole_labels=several, moving=moving) if moving else None
    return Figure(
        number=number,
        slug=f"definition-{slug('-'.join(names))}",
        title=f"Definition of {oxford(names)}: value and gradient",
        caption=" ".join(part for part in parts if part),
        alt=" ".join(_seen(view) for view in views),
        loss=first.label,
        table=table,
        chart=specification(chart, {"table": table}),
        explorer=specification(explorer, {"table": table}) if explorer else None,
        controls=(GAMMA,) if explorer else (),
    )


def _table(views: Sequence[LossView]) -> pl.DataFrame:
    columns = ("margin", "probability", "value", "gradient")
    parts = [
        pl.DataFrame(
            {"loss_function": [view.label] * len(view.margin), **{name: getattr(view, name) for name in columns}},
            schema={"loss_function": pl.String, **dict.fromkeys(columns, pl.Float64)},
        ).sort("margin")
        for view in views
    ]
    table = pl.concat(parts)
    return table.filter(pl.all_horizontal(pl.col(name).is_finite() for name in columns))


def _beyond(table: pl.DataFrame, column: str, views: Sequence[LossView]) -> list[str]:
    """The losses so much larger than most that beside them the others would be flat lines."""
    largest = dict(table.group_by("loss_function").agg(pl.col(column).abs().max()).iter_rows())
    by_name: dict[str, float] = {}
    for view in views:
        by_name[view.name] = max(by_name.get(view.name, 0.0), largest.get(view.label, 0.0))
    far = _FAR * median_low(by_name.values())
    return [view.label for view in views if largest.get(view.label, 0.0) > far > 0]


def _scale(table: pl.DataFrame, column: str, beyond: Sequence[str]) -> alt.Scale | UndefinedType:
    """A scale for the losses that are not beyond it; none of its own where all are drawn whole."""
    if not beyond:
        return alt.Undefined
    rest = table.filter(~pl.col("loss_function").is_in(beyond))[column]
    low, high = min(0.0, *rest), max(0.0, *rest)
    room = _ROOM * (high - low)
    return alt.Scale(domain=[low - room, high + room], nice=False)


def _still(table: pl.DataFrame, column: str, moving: LossView) -> alt.Scale:
    """A scale that holds the curve wherever its slider stands."""
    ends = reach(moving, column)
    return alt.Scale(domain=[min(0.0, ends[0], *table[column]), max(0.0, ends[1], *table[column])], nice=True)


def _chart(
    table: pl.DataFrame,
    places: Mapping[str, int],
    beyond: Mapping[str, Sequence[str]],
    *,
    whole_labels: bool,
    moving: LossView | None = None,
) -> dict[str, Any] | alt.Chart:
    if table.is_empty():
        return message("no definition to draw")
    keys = Keys(places, legend="dash")
    color, dash = keys.color, keys.dash
    if whole_labels and max(map(len, places)) > _LONG:
        legend = {"title": None, "columns": 2 if max(map(len, places)) < 50 else 1, "labelLimit": 0, **LINE}
        color, dash = color.legend(**legend), dash.legend(**legend)
    scales = {"probability": alt.Scale(domain=[0, 1]), "margin": alt.Scale(nice=False)}

    def panel(x: str, y: str) -> alt.Chart | Spec:
        across = alt.X(f"{x}:Q", title=_X[x], axis=alt.Axis(tickCount=6, grid=False), scale=scales[x])
        up = _scale(table, y, beyond[y]) if moving is None else _still(table, y, moving)
        chart: alt.Chart = (
            alt.Chart(data(), width=_WIDTH, height=_HEIGHT)
            .mark_line(strokeWidth=2.2, clip=bool(beyond[y]) or alt.Undefined, tooltip=TOLD)
            .encode(
                x=across,
                y=alt.Y(f"{y}:Q", title=_Y[y], axis=alt.Axis(tickCount=5), scale=up),
                color=color,
                strokeDash=dash,
            )
        )
        return layered(chart, moved(moving, _WIDTH, _HEIGHT, across, y, _Y[y], up)) if moving else chart

    moved_by = [{"name": GAMMA.parameter, "value": GAMMA.value}] if moving else []
    panels = [panel(x, y) for y in _Y for x in _X]
    return joined(panels, "concat", columns=2, spacing={"row": 16, "column": 30}, params=moved_by)


def _caption(views: Sequence[LossView]) -> str:
    first = views[0]
    name = oxford(view.label for view in views)
    return (
        f"{name} for {first.num_classes} classes, with all logits but the true class's at 0: the loss (top) and its "
        "gradient (bottom) over the probability of the true class (left) and over its logit (right)."
    )


def _cut(beyond: Mapping[str, Sequence[str]]) -> str:
    """Which losses leave the picture."""
    labels = list(dict.fromkeys(label for column in beyond.values() for label in column))
    if not labels:
        return ""
    words = "goes" if len(labels) == 1 else "go"
    return f"The vertical axes are cut for the sake of the others: {oxford(labels)} {words} beyond."


def _weight(view: LossView) -> str:
    """Where the loss pulls hardest: the point of its gradient's greatest size."""
    size, probability = _hardest(view)
    if size is None:
        return f"The gradient of {isolate(view.label)} is not finite everywhere."
    if probability is None:
        return f"{isolate(view.label)} pulls equally hard almost everywhere: its gradient has the size {fixed(size)}."
    return f"{isolate(view.label)} pulls hardest, with a gradient of size {fixed(size)}, {_where(probability)}."


def _pulls(views: Sequence[LossView]) -> str:
    """The same of many losses, those together that pull hardest at the same place."""
    places: dict[str, list[str]] = {}
    for view in views:
        size, probability = _hardest(view)
        where = "not finite everywhere" if size is None else "almost everywhere"
        if probability is not None:
            where = _where(probability)
        places.setdefault(where, []).append(f"{isolate(view.label)} {'' if size is None else fixed(size)}".strip())
    return f"The gradient's greatest size: {'; '.join(f'{listed(sizes)} {where}' for where, sizes in places.items())}."


def _hardest(view: LossView) -> tuple[float | None, float | None]:
    """The gradient's greatest size, None where it is not finite, and the probability there, None where it is level."""
    gradient = np.abs(np.asarray(view.gradient, dtype=float))
    if not gradient.size or not np.isfinite(gradient).all():
        return None, None
    size = float(gradient.max())
    if np.median(gradient) >= 0.999 * size:
        return size, None
    return size, float(np.asarray(view.probability)[int(gradient.argmax())])


def _where(probability: float) -> str:
    if probability < 0.01:
        return "where the true class has almost no probability"
    if probability > 0.99:
        return "where the true class has almost all probability"
    return f"where the true class has probability {probability:.2f}"


def _seen(view: LossView) -> str:
    order = np.argsort(view.probability)
    xs, ys = np.asarray(view.probability)[order], np.asarray(view.value)[order]
    if not xs.size:
        return f"No curve of {isolate(view.label)}."
    values = [f"{fixed(float(np.interp(at, xs, ys)))} at {at:g}" for at in (0.1, 0.5, 0.9)]
    return f"The loss {isolate(view.label)} over the probability of the true class: {listed(values)}."
