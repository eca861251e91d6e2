"""Which classes are taken for which: per loss the mean confusion matrix of the last epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from lossbench.errors import visible
from lossbench.figures.charts import Spec, data, joined, layered, message, specification
from lossbench.figures.colours import Colours
from lossbench.figures.style import HEAT, INK, ON_HEAT, PAPER
from lossbench.figures.types import Figure
from lossbench.results import Results
from lossbench.text import counted, isolate, oxford, shortened

__all__ = ["CONFUSION", "confusion", "mean_matrix"]

CONFUSION = {
    "loss_function": pl.String,
    "true": pl.Int64,
    "predicted": pl.Int64,
    "true_class": pl.String,
    "predicted_class": pl.String,
    "share": pl.Float64,
}

_MOST_CLASSES = 20  # more cannot be read; the table then holds those with the most errors
_TEXT_UP_TO = 12


def mean_matrix(results: Results, loss: str) -> np.ndarray | None:
    """Rows true, columns predicted, each row its share of the class's pictures; mean over seeds; None without one."""
    seeds = results.confusion.get(loss, {})
    shares = [_normalised(np.asarray(seeds[seed], dtype=float)) for seed in sorted(seeds)]
    return np.asarray(np.mean(shares, axis=0)) if shares else None


def confusion(number: int, results: Results, colours: Colours) -> Figure:
    """The confusion matrices of all losses; of many losses of those in colour."""
    labels = colours.coloured
    matrices = {label: matrix for label in labels if (matrix := mean_matrix(results, label)) is not None}
    kept = _kept(list(matrices.values()), len(results.data.class_names))
    table = _table(matrices, kept, results.data.class_names)
    return Figure(
        number=number,
        slug="confusion",
        title="Confusion matrices on the test set at the last epoch",
        caption=_caption(results, labels, kept) + _left_out(colours),
        alt=" ".join(_seen(label, matrix, results.data.class_names) for label, matrix in matrices.items())
        or "Nothing to see: no trial finished.",
        loss=None,
        table=table,
        chart=_chart(table, len(kept)),
    )


def _normalised(counts: np.ndarray) -> np.ndarray:
    totals = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0))


def _kept(matrices: Sequence[np.ndarray], classes: int) -> list[int]:
    if classes <= _MOST_CLASSES or not matrices:
        return list(range(classes))
    errors = 1 - np.mean(matrices, axis=0).diagonal()
    return sorted(np.argsort(-errors, kind="stable")[:_MOST_CLASSES].tolist())


def _table(matrices: Mapping[str, np.ndarray], kept: Sequence[int], names: Sequence[str]) -> pl.DataFrame:
    rows = [
        (label, true, predicted, names[true], names[predicted], float(matrix[true, predicted]))
        for label, matrix in matrices.items()
        for true in kept
        for predicted in kept
    ]
    return pl.DataFrame(rows, schema=CONFUSION, orient="row")


def _chart(table: pl.DataFrame, classes: int) -> dict[str, Any]:
    if table.is_empty():
        return specification(message("no trial finished", width=560), {})
    labels = list(dict.fromkeys(table["loss_function"]))
    names = dict(table.select("true", "true_class").unique(maintain_order=True).iter_rows())
    # A label may be anything; as the name of a table its place will do.
    tables = {f"loss{place}": _cells(table.filter(pl.col("loss_function") == at)) for place, at in enumerate(labels)}
    panels = [_panel(name, label, names, classes) for name, label in zip(tables, labels, strict=True)]
    return specification(joined(panels, "concat", columns=2, spacing=24), tables)


def _panel(name: str, label: str, names: Mapping[int, str], classes: int) -> Spec:
    # Classes are placed by number, for two of them may bear one name; the axis looks their names up.
    keys = [str(index) for index in names]
    look_up = f"({_object(names)})[datum.label]"
    cell = 230 / classes if classes > 10 else max(25.0, min(40.0, 250 / classes))
    base = alt.Chart(data(name), width=cell * classes, height=cell * classes)
    axis: dict[str, Any] = {
        "labelExpr": look_up,
        "labelLimit": 70,
        "labelFontSize": 11 if classes <= 12 else 10,
        "ticks": False,
        "domain": False,
    }
    x = alt.X("predicted:N", title="predicted", sort=keys, axis=alt.Axis(**axis, labelAngle=-90))
    y = alt.Y("true:N", title="true", sort=keys, axis=alt.Axis(**axis))
    opacity = alt.FillOpacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    layers = [base.mark_rect(fill=HEAT, stroke=PAPER, strokeWidth=0.5).encode(x=x, y=y, fillOpacity=opacity)]
    if classes <= _TEXT_UP_TO:
        hue = alt.condition(alt.datum.share > 0.65, alt.value(ON_HEAT), alt.value(INK))
        layers.append(base.mark_text(fontSize=10.5).encode(x=x, y=y, text=alt.Text("text:N"), color=hue))
    title = {"text": shortened(label, 36), "limit": 260}
    return layered(*layers, title=title)


def _cells(table: pl.DataFrame) -> pl.DataFrame:
    percent = (pl.col("share") * 100).round(0).cast(pl.Int64)
    text = pl.when(percent > 0).then(percent.cast(pl.String)).otherwise(pl.lit(""))
    return table.select(
        pl.col("true").cast(pl.String), pl.col("predicted").cast(pl.String), "share", text.alias("text")
    )


def _object(names: Mapping[int, str]) -> str:
    """The names as an object in the chart's expression language, every character outside plain letters escaped."""
    return "{" + ", ".join(f"'{index}': '{_escaped(name)}'" for index, name in names.items()) + "}"


def _escaped(name: str) -> str:
    units = visible(name).encode("utf-16-be")  # the renderer ends the process over control characters
    pairs = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(unit) if 48 <= unit < 123 and chr(unit).isalnum() else f"\\u{unit:04x}" for unit in pairs)


def _caption(results: Results, labels: Sequence[str], kept: Sequence[int]) -> str:
    counts = [len(results.confusion.get(label, {})) for label in labels]
    sentences = ["Each row is a true class; a cell is the share of its test pictures that got the predicted class"]
    sentences[0] += ", in percent." if len(kept) <= _TEXT_UP_TO else ", the darker the more."
    if max(counts, default=0) > 1:
        sentences.append(f"Means over up to {counted(max(counts), 'seed')}.")
    if len(kept) < len(results.data.class_names):
        sentences.append(f"Of {len(results.data.class_names)} classes the {len(kept)} with the most errors are shown.")
    absent = [label for label, count in zip(labels, counts, strict=True) if not count]
    if absent:
        sentences.append(f"No trial of {oxford(absent, 'or')} finished.")
    return " ".join(sentences)


def _left_out(colours: Colours) -> str:
    return f" Of {len(colours.places)} losses {colours.words} are shown." if colours.others and colours.coloured else ""


def _seen(label: str, matrix: np.ndarray, names: Sequence[str]) -> str:
    """The best recognised class and the greatest confusion, with numbers."""
    right = matrix.diagonal()
    best = int(right.argmax())
    wrong = matrix - np.diag(right)
    true, predicted = divmod(int(wrong.argmax()), len(names))
    return (
        f"With {isolate(label)}, {isolate(names[best])} is recognised most often ({right[best]:.0%}), and "
        f"{isolate(names[true])} is most often taken for {isolate(names[predicted])} ({wrong[true, predicted]:.0%})."
    )
