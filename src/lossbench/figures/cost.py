"""What a trial of each loss costs in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from lossbench.figures.charts import Keys, data, layered, message, short_labels, specification, still_x
from lossbench.figures.colours import Colours
from lossbench.figures.style import INK
from lossbench.figures.types import Figure
from lossbench.results import Results
from lossbench.text import isolate, listed, significant

__all__ = ["COST", "cost", "cost_table"]

# One row per loss with a finished trial, in the study's order; pictures are those trained on, all epochs together.
COST = {
    "loss_function": pl.String,
    "trials": pl.Int64,
    "seconds": pl.Float64,
    "least": pl.Float64,
    "greatest": pl.Float64,
    "pictures_per_second": pl.Float64,
}

_LONG = 32


def cost_table(results: Results) -> pl.DataFrame:
    """Seconds of a finished trial, mean, least and greatest, and pictures trained per second, by loss."""
    known = results.trials.filter((pl.col("status") == "finished") & pl.col("seconds").is_not_null())
    pictures = results.data.train * results.last_epoch
    rows: list[tuple[object, ...]] = []
    for loss in results.labels:
        seconds = known.filter(pl.col("loss_function") == loss)["seconds"].to_list()
        if seconds and sum(seconds) > 0:
            mean = sum(seconds) / len(seconds)
            rows.append((loss, len(seconds), mean, min(seconds), max(seconds), pictures / mean))
    return pl.DataFrame(rows, schema=COST, orient="row")


def cost(number: int, results: Results, colours: Colours) -> Figure:
    """Seconds per trial, evaluation included."""
    table = cost_table(results)
    return Figure(
        number=number,
        slug="cost",
        title="Seconds of one trial",
        caption=(
            "The mean over finished trials, with a line from the fastest to the slowest: training and evaluation, on "
            "one thread or device, beside whatever else the machine was doing."
        ),
        alt=_alt(table),
        loss=None,
        table=table,
        chart=_chart(table, results.labels, colours),
    )


def _chart(table: pl.DataFrame, labels: Sequence[str], colours: Colours) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=560), {})
    known = set(table["loss_function"])
    losses = [label for label in labels if label in known]
    text = pl.col("seconds").map_elements(significant, return_dtype=pl.String).alias("text")
    said = alt.Text("text:N")
    base = alt.Chart(data(), width=480, height=alt.Step(18 if len(losses) > 12 else 28))
    axis = alt.Axis(**short_labels(losses, _LONG)) if short_labels(losses, _LONG) else alt.Undefined
    y = alt.Y("loss_function:N", title=None, scale=alt.Scale(domain=losses, paddingInner=0.35), axis=axis)
    x = alt.X("seconds:Q", title="seconds", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6))
    hue = Keys(colours.places, legend=None).color
    chart = layered(
        base.mark_bar(opacity=0.75).encode(x=x, y=y, color=hue),
        base.mark_rule(color=INK, strokeWidth=1.4).encode(x=alt.X("least:Q"), x2=alt.X2("greatest:Q"), y=y),
        base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(y=y, x=still_x("width"), text=said),
    )
    return specification(chart, {"table": table.with_columns(text)})


def _alt(table: pl.DataFrame) -> str:
    parts = [
        f"{isolate(loss)} {significant(mean)}" for loss, mean in table.select("loss_function", "seconds").iter_rows()
    ]
    return (
        f"Bar chart of the mean seconds of a trial: {listed(parts)}." if parts else "Nothing to see: no trial finished."
    )
