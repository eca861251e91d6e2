"""Whether confidence can be believed: a reliability diagram per loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from lossbench.analysis.types import Analysis
from lossbench.figures.charts import Spec, data, joined, layered, message, specification
from lossbench.figures.colours import Colours
from lossbench.figures.style import AXIS, INK, color
from lossbench.figures.types import Figure
from lossbench.results import Results
from lossbench.text import fixed, isolate, oxford, shortened

__all__ = ["RELIABILITY", "reliability"]

# One row per loss and bin that holds pictures, pooled over the finished seeds.
RELIABILITY = {
    "loss_function": pl.String,
    "bin": pl.Int64,
    "confidence": pl.Float64,
    "accuracy": pl.Float64,
    "share": pl.Float64,
}

_SIDE = 190


def reliability(number: int, results: Results, analysis: Analysis, colours: Colours) -> Figure:
    """Accuracy over confidence in the bins of ECE, after Guo et al. (2017, arXiv:1706.04599); best loss first."""
    losses = [loss for loss in analysis.ranking if loss in colours.coloured and results.calibration.get(loss)]
    table = _table(results, losses)
    errors = {
        item.loss: item.mean
        for item in analysis.estimates
        if item.overall and (item.split, item.metric) == ("test", "ece") and item.mean is not None
    }
    absent = [loss for loss in colours.coloured if loss not in losses]
    return Figure(
        number=number,
        slug="reliability",
        title="Reliability diagrams on the test set at the last epoch",
        caption=_caption(colours, absent if losses else []),
        alt=" ".join(_seen(loss, table) for loss in losses) or "Nothing to see: no trial finished.",
        loss=None,
        table=table,
        chart=_chart(table, losses, errors, colours),
    )


def _table(results: Results, losses: Sequence[str]) -> pl.DataFrame:
    rows: list[tuple[object, ...]] = []
    for loss in losses:
        seeds = results.calibration[loss]
        count, confidence, hits = np.sum([seeds[seed] for seed in sorted(seeds)], axis=0)
        rows += [
            (loss, at + 1, confidence[at] / count[at], hits[at] / count[at], count[at] / count.sum())
            for at in np.flatnonzero(count).tolist()
        ]
    return pl.DataFrame(rows, schema=RELIABILITY, orient="row")


def _chart(table: pl.DataFrame, losses: Sequence[str], errors: dict[str, float], colours: Colours) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=560), {})
    tables = {f"loss{place}": table.filter(pl.col("loss_function") == loss) for place, loss in enumerate(losses)}
    panels = [
        _panel(name, loss, color(colours.places[loss]), errors.get(loss))
        for name, loss in zip(tables, losses, strict=True)
    ]
    columns = 2 if len(panels) in (2, 4) else 3
    return specification(joined(panels, "concat", columns=columns, spacing={"row": 22, "column": 26}), tables)


def _panel(name: str, loss: str, hue: str, error: float | None) -> Spec:
    scale, ticks = alt.Scale(domain=[0, 1], nice=False), [0, 0.2, 0.4, 0.6, 0.8, 1]
    x = alt.X("confidence:Q", title="confidence", scale=scale, axis=alt.Axis(values=ticks, format="~g", grid=False))
    y = alt.Y("accuracy:Q", title="accuracy", scale=scale, axis=alt.Axis(values=ticks, format="~g"))
    base = alt.Chart(data(name), width=_SIDE, height=_SIDE)
    even = alt.Chart(alt.InlineData(values=[{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]))
    size = alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[14, 900]), legend=None)
    layers = [
        even.mark_line(color=AXIS, strokeDash=[2, 3], strokeWidth=1.2).encode(x=x, y=y),
        base.mark_line(color=hue, strokeWidth=1.6).encode(x=x, y=y, order=alt.Order("bin:Q")),
        base.mark_point(filled=True, opacity=0.75, color=hue).encode(x=x, y=y, size=size),
    ]
    under = [] if error is None else [f"ECE {fixed(error)}"]
    subtitle = {"subtitle": under, "subtitleColor": INK, "subtitleFontSize": 12}
    title = {"text": shortened(loss, 26), **subtitle, "limit": _SIDE}
    return layered(*layers, title=title)


def _caption(colours: Colours, absent: Sequence[str]) -> str:
    said = (
        "Test pictures in 15 bins of the highest probability, pooled over seeds: the share that is right over the mean "
        "confidence, the larger the point the more pictures. On the dotted diagonal confidence is right, below it too "
        "high. ECE is the mean over seeds."
    )
    if colours.others:
        said += f" Of {len(colours.places)} losses {colours.words} are shown."
    return said + (f" The probabilities of {oxford(absent)} are not known." if absent else "")


def _seen(loss: str, table: pl.DataFrame) -> str:
    rows = table.filter(pl.col("loss_function") == loss)
    share, gap = rows["share"].to_numpy(), (rows["confidence"] - rows["accuracy"]).to_numpy()
    mean = float((share * gap).sum())
    side = "more confident than right" if mean > 0 else "less confident than right"
    return f"{isolate(loss)} is on average {fixed(abs(mean))} {side}."
