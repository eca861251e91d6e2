"""Every loss against every other: the verdicts as a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from lossbench.analysis.types import Analysis, Comparison
from lossbench.figures.charts import data, layered, message, short_labels, specification
from lossbench.figures.curves import metric_name, split_title
from lossbench.figures.style import BETTER, EQUIVALENT, GRID, INK, ON_HEAT, PAPER, WORSE
from lossbench.figures.types import Choice, Figure
from lossbench.text import capital, counted, isolate, listed, signed

__all__ = ["PAIRS", "pairs"]

PAIRS = {
    "metric": pl.String,
    "a": pl.String,
    "b": pl.String,
    "seeds": pl.Int64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_adjusted": pl.Float64,
    "p_equivalence": pl.Float64,
    "verdict": pl.String,
}

_TEXT_UP_TO = 10  # losses, whose cells have room for a number
_GROUNDS = {"better": BETTER, "worse": WORSE, "equivalent": EQUIVALENT, "undecided": PAPER}
_SIGNS = {"better": "▲", "worse": "▼", "equivalent": "=", "undecided": "?"}  # the verdict without its colour
_LONG = 26


def pairs(number: int, analysis: Analysis) -> Figure:
    """The matrix of all comparisons, best loss first; on the page of a few losses in any test metric."""
    table = _table([*analysis.comparisons, *analysis.secondary])
    own = table.filter(pl.col("metric") == analysis.metric)
    metrics = [analysis.metric, *dict.fromkeys(item.metric for item in analysis.secondary)]
    few = len(analysis.ranking) <= _TEXT_UP_TO
    title = f"Every loss against every other in {_name(analysis.metric)}"
    explored = few and len(metrics) > 1 and not own.is_empty()
    return Figure(
        number=number,
        slug="comparisons",
        title=title,
        caption=_caption(analysis, few),
        alt=_alt(analysis),
        loss=None,
        table=table if few else own,
        chart=_chart(own, analysis, few),
        explorer=_chart(table, analysis, few, chosen=analysis.metric) if explored else None,
        controls=(Choice("metric", "Metric", tuple((m, _name(m)) for m in metrics)),) if explored else (),
    )


def _table(items: Sequence[Comparison]) -> pl.DataFrame:
    both = [each for item in items for each in (item, item.turned())]
    return pl.DataFrame([[getattr(item, name) for name in PAIRS] for item in both], schema=PAIRS, orient="row")


def _chart(table: pl.DataFrame, analysis: Analysis, few: bool, chosen: str = "") -> dict[str, Any]:
    if table.is_empty():
        return specification(message("there is nothing to compare", width=560), {})
    size = len(analysis.ranking)
    cell = max(9.0, min(76.0 if few else 16.0, 560 / size))
    base = alt.Chart(data(), width=cell * size, height=min(cell, 44.0) * size)
    if chosen:
        base = base.add_params(alt.param(name="metric", value=chosen)).transform_filter("datum.metric === metric")
    labels = list(analysis.ranking)
    axis: dict[str, Any] = {"ticks": False, "domain": False, "labelLimit": 190, **short_labels(labels, _LONG)}
    scale = alt.Scale(domain=labels, paddingInner=0)
    x = alt.X("b:N", title=None, scale=scale, axis=alt.Axis(**axis, orient="top", labelAngle=-35))
    y = alt.Y("a:N", title=None, scale=scale, axis=alt.Axis(**axis))
    ground = alt.Fill(
        "verdict:N",
        scale=alt.Scale(domain=list(_GROUNDS), range=list(_GROUNDS.values())),
        legend=alt.Legend(title=None, symbolType="square", symbolStrokeColor=INK, symbolStrokeWidth=0.6, columns=4),
    )
    layers = [base.mark_rect(stroke=GRID, strokeWidth=1).encode(x=x, y=y, fill=ground)]
    if few:
        hue = alt.condition(alt.datum.verdict == "undecided", alt.value(INK), alt.value(ON_HEAT))
        layers.append(base.mark_text(fontSize=11.5).encode(x=x, y=y, text=alt.Text("text:N"), color=hue))
    whole = {"usermeta": {"whole": few}}  # cells that hold numbers are not made narrower
    return {**specification(layered(*layers), {"table": _with_text(table)}), **whole}


def _with_text(table: pl.DataFrame) -> pl.DataFrame:
    text = [
        f"{_SIGNS[verdict]} {'' if difference is None else signed(difference)}".strip()
        for difference, verdict in table.select("difference", "verdict").iter_rows()
    ]
    return table.with_columns(pl.Series("text", text, dtype=pl.String))


def _caption(analysis: Analysis, few: bool) -> str:
    what = "with the difference, row minus column" if few else "by colour"
    return (
        f"Best first. A cell is the verdict on the loss of its row against that of its column, {what}. Equivalent "
        f"means shown to differ by less than {analysis.margin:g}; undecided is no finding."
    )


def _alt(analysis: Analysis) -> str:
    if not analysis.comparisons:
        return "Nothing to see: there is one loss only."
    counts: Mapping[str, int] = {
        "shown to differ": sum(x.verdict in ("better", "worse") for x in analysis.comparisons),
        "equivalent": sum(x.verdict == "equivalent" for x in analysis.comparisons),
        "undecided": sum(x.verdict == "undecided" for x in analysis.comparisons),
    }
    said = listed(f"{count} {words}" for words, count in counts.items() if count)
    first = f"Matrix of {counted(len(analysis.comparisons), 'pair')} in {_name(analysis.metric)}: {said}."
    beaten = [x for x in (*analysis.comparisons, *(y.turned() for y in analysis.comparisons)) if x.verdict == "better"]
    shown = [f"{isolate(x.a)} is better than {isolate(x.b)}" for x in beaten[:12]]
    return f"{first} {capital(listed(shown))}." if shown else first


def _name(metric: str) -> str:
    split, _, column = metric.partition(".")
    return f"{split_title(split)} {metric_name(column)}"
