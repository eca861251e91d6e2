"""What a family of losses is: value and gradient over the probability of the true class and over the margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import polars as pl

from lossbench.figures.charts import Keys, data, message, specification
from lossbench.figures.text import fixed, isolate, listed, oxford, slug
from lossbench.figures.types import Figure
from lossbench.results import LossView

__all__ = ["definition"]

_X = {
    "probability": "probability of the true class",
    "margin": "logit of the true class, the others 0",
}
_Y = {"value": "loss", "gradient": "gradient by the true class's logit"}


def definition(number: int, views: Sequence[LossView], places: Mapping[str, int]) -> Figure:
    """The definition figure of the losses of one name, all settings in one picture."""
    table = _table(views)
    first = views[0]
    labels = [view.label for view in views]
    return Figure(
        number=number,
        slug=f"definition-{slug(first.name)}",
        title=f"Definition of {isolate(first.name)}: value and gradient",
        caption=_caption(views),
        alt=" ".join(_seen(view) for view in views),
        loss=first.label,
        table=table,
        chart=specification(_chart(table, {label: places[label] for label in labels}), {"table": table}),
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


def _chart(table: pl.DataFrame, places: Mapping[str, int]) -> alt.ConcatChart | alt.Chart:
    if table.is_empty():
        return message("no definition to draw")
    keys = Keys(places, legend="dash")
    scales = {"probability": alt.Scale(domain=[0, 1]), "margin": alt.Scale(nice=False)}

    def panel(x: str, y: str) -> alt.Chart:
        chart: alt.Chart = (
            alt.Chart(data(), width=285, height=170)
            .mark_line(strokeWidth=2.2)
            .encode(
                x=alt.X(f"{x}:Q", title=_X[x], axis=alt.Axis(tickCount=6, grid=False), scale=scales[x]),
                y=alt.Y(f"{y}:Q", title=_Y[y], axis=alt.Axis(tickCount=5)),
                color=keys.color,
                strokeDash=keys.dash,
            )
        )
        return chart

    return alt.concat(*(panel(x, y) for y in _Y for x in _X), columns=2, spacing={"row": 16, "column": 30})


def _caption(views: Sequence[LossView]) -> str:
    first = views[0]
    name = oxford(view.label for view in views)
    return (
        f"{name} for {first.num_classes} classes, with all logits but the true class's at 0: the loss (top) and its "
        "gradient (bottom) over the probability of the true class (left) and over its logit (right). "
        + " ".join(_weight(view) for view in views)
    )


def _weight(view: LossView) -> str:
    """Where the loss pulls hardest: the point of its gradient's greatest size."""
    gradient = np.abs(np.asarray(view.gradient, dtype=float))
    if not gradient.size or not np.isfinite(gradient).all():
        return f"The gradient of {isolate(view.label)} is not finite everywhere."
    if np.median(gradient) >= 0.999 * gradient.max():
        size = fixed(gradient.max())
        return f"{isolate(view.label)} pulls equally hard almost everywhere: its gradient has the size {size}."
    at = float(np.asarray(view.probability)[int(gradient.argmax())])
    return f"{isolate(view.label)} pulls hardest, with a gradient of size {fixed(gradient.max())}, {_where(at)}."


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
