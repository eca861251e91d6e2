"""What only some scenarios have: wrong labels memorised and corrected, the recall of frequent and rare classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from lossbench.analysis.types import Analysis
from lossbench.figures.charts import HEIGHT, Keys, Spec, data, epochs_axis, joined, layered, message, specification
from lossbench.figures.colours import Colours
from lossbench.figures.curves import CURVE, curve, curves, train_split
from lossbench.figures.mean_lines import BANDS_UP_TO, mean_lines, with_marks
from lossbench.figures.types import Figure
from lossbench.metrics import shots
from lossbench.results import Results
from lossbench.text import capital, counted, fixed, isolate, listed

__all__ = ["SHOTS", "has_shots", "has_wrong_labels", "memorised", "shots_last", "shots_per_epoch"]

# The 95 % t interval over seeds; `group` is `many`, `medium` or `few`.
SHOTS = {
    "loss_function": pl.String,
    "group": pl.String,
    "seeds": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}

_GROUPS = ("many", "medium", "few")
_WRONG = ("memorised", "corrected")


@dataclass(frozen=True)
class _Drawn:
    """What a figure over epochs draws.

    Args:
        slug: of the figure.
        title: of the figure.
        metrics: columns of the history, a panel each, with their headings.
        split: where they were measured.
        note: how to read them.
    """

    slug: str
    title: str
    metrics: Mapping[str, str]
    split: str
    note: str


def has_wrong_labels(results: Results) -> bool:
    """Whether it is known what became of wrong labels."""
    return results.measured(*_WRONG)


def has_shots(results: Results) -> bool:
    """Whether the recall of frequent and rare classes is known."""
    return results.measured(*_GROUPS)


def memorised(number: int, results: Results, colours: Colours) -> Figure:
    """The shares of wrong labels that are memorised and corrected, per epoch."""
    drawn = _Drawn(
        slug="memorised",
        title="Wrong labels memorised and corrected per epoch",
        metrics={"memorised": "Memorised", "corrected": "Corrected"},
        split=train_split(results),
        note="Of the training pictures with a wrong label, the share for which the classifier says that label, on the "
        "left, and the share for which it says the true one, on the right.",
    )
    return _over_epochs(number, results, colours, drawn)


def shots_per_epoch(number: int, results: Results, colours: Colours) -> Figure:
    """The recall of many-, medium- and few-shot classes, per epoch."""
    groups = [name for name in _GROUPS if results.measured(name)]
    drawn = _Drawn(
        slug="shots-per-epoch",
        title="Recall of frequent and rare classes per epoch",
        metrics={name: f"{capital(name)}-shot classes" for name in groups},
        split="test",
        note=_who(results),
    )
    return _over_epochs(number, results, colours, drawn)


def shots_last(number: int, results: Results, analysis: Analysis, colours: Colours) -> Figure:
    """The same at the last epoch, with intervals."""
    found = {(e.loss, e.metric): e for e in analysis.estimates if e.overall and e.split == "test"}
    items = [
        (loss, name, item)
        for loss in analysis.ranking
        for name in _GROUPS
        if (item := found.get((loss, name))) is not None and item.mean is not None
    ]
    rows = [(loss, name, len(x.seeds), x.mean, x.low, x.high) for loss, name, x in items]
    table = pl.DataFrame(rows, schema=SHOTS, orient="row")
    return Figure(
        number=number,
        slug="shots",
        title="Recall of frequent and rare classes at the last epoch",
        caption=f"{_who(results)} Means over seeds, with their 95 % t intervals; best loss first.",
        alt=_alt_last(table),
        loss=None,
        table=table,
        chart=_dots(table, colours, analysis.ranking),
    )


def _over_epochs(number: int, results: Results, colours: Colours, drawn: _Drawn) -> Figure:
    table = curves(results, list(results.labels), list(drawn.metrics), (drawn.split,)).filter(pl.col("kind") == "mean")
    return Figure(
        number=number,
        slug=drawn.slug,
        title=drawn.title,
        caption=drawn.note + _how(results, colours),
        alt=_alt(table, drawn, colours),
        loss=None,
        table=table.select(list(CURVE)),
        chart=_chart(table, drawn, results, colours),
    )


def _chart(table: pl.DataFrame, drawn: _Drawn, results: Results, colours: Colours) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=600), {})
    places = {label: colours.places[label] for label in colours.coloured}
    keys = Keys(places, legend="shape")
    tables = {name: with_marks(table.filter(pl.col("metric") == name), places) for name in drawn.metrics}
    width = 290 if len(tables) < 3 else 185
    panels = [_panel(rows, name, drawn.metrics[name], results, keys, width) for name, rows in tables.items()]
    return specification(joined(panels, spacing=28, resolve={"scale": {"y": "shared"}}), tables)


def _panel(rows: pl.DataFrame, name: str, title: str, results: Results, keys: Keys, width: int) -> Spec:
    base = alt.Chart(data(name), width=width, height=HEIGHT)
    x = epochs_axis(min(rows["epoch"].to_list(), default=1), results.last_epoch)
    word = "share of wrong labels" if name in _WRONG else "recall"
    y = alt.Y("value:Q", title=word, axis=alt.Axis(tickCount=6))
    return layered(*mean_lines(base, rows, x, y, word, keys, len(results.losses)), title=title)


def _dots(table: pl.DataFrame, colours: Colours, ranking: Sequence[str]) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=560), {})
    known = set(table["loss_function"])
    losses = [loss for loss in ranking if loss in known]
    keys = Keys({loss: colours.places[loss] for loss in losses}, legend=None)
    names = [name for name in _GROUPS if name in set(table["group"])]
    panels = []
    for place, name in enumerate(names):
        base = alt.Chart(data(name), width=170, height=alt.Step(26 if len(losses) <= 12 else 15))
        axis = alt.Axis(labels=place == 0, ticks=False, domain=False)
        y = alt.Y("loss_function:N", title=None, scale=alt.Scale(domain=losses), axis=axis)
        x = alt.X("value:Q", title="recall", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
        spread = base.transform_filter(alt.datum.low != None)  # noqa: E711 # an expression of the chart
        chart = layered(
            spread.mark_rule(strokeWidth=2.2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y, color=keys.color),
            base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, color=keys.color, shape=keys.shape),
            title=f"{capital(name)}-shot classes",
        )
        panels.append(chart)
    tables = {name: table.filter(pl.col("group") == name) for name in names}
    return specification(joined(panels, spacing=18, resolve={"scale": {"x": "shared"}}), tables)


def _who(results: Results) -> str:
    """Which classes are meant, with how many training pictures they have."""
    groups, counts = shots(results.data.class_counts), results.data.class_counts
    parts = []
    for name in _GROUPS:
        if groups.get(name):
            sizes = [counts[index] for index in groups[name]]
            reach = " to ".join(dict.fromkeys((f"{max(sizes):,}", f"{min(sizes):,}")))
            parts.append(
                f"{name}-shot are the {counted(len(sizes), 'class', 'classes')} with {reach} training pictures"
            )
    return f"{capital(listed(parts))}." if parts else "Mean recall of the most frequent classes, and of the rarest."


def _how(results: Results, colours: Colours) -> str:
    seeds = results.trials.filter(pl.col("status") == "finished").group_by("loss_function").len()["len"].to_list()
    if not seeds:
        return ""
    if max(seeds) == 1:
        said = " One seed per loss."
    else:
        count = counted(max(seeds), "seed") if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)} seeds"
        band = ", bands one standard deviation to each side" if len(results.labels) <= BANDS_UP_TO else ""
        said = f" Lines are means over {count}{band}."
    return said + (f" In colour {colours.words}, the others in grey." if colours.others else "")


def _alt(table: pl.DataFrame, drawn: _Drawn, colours: Colours) -> str:
    parts = []
    for name, title in drawn.metrics.items():
        for label in colours.coloured:
            _, values = curve(table, label, name, drawn.split)
            if values:
                parts.append(f"{title.lower()}, {isolate(label)} from {fixed(values[0])} to {fixed(values[-1])}")
    return f"Line charts: {'; '.join(parts)}." if parts else "No curve: no trial finished."


def _alt_last(table: pl.DataFrame) -> str:
    parts = []
    for loss in dict.fromkeys(table["loss_function"]):
        rows = table.filter(pl.col("loss_function") == loss)
        said = listed(f"{name} {fixed(value)}" for name, value in rows.select("group", "value").iter_rows())
        parts.append(f"{isolate(loss)} {said}")
    return f"Dot charts of recall: {'; '.join(parts)}." if parts else "Nothing to see: no trial finished."
