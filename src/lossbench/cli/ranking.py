"""The ranking as a table, with each loss's curve over the epochs where there is room for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape

from lossbench.cli.sparkline import can_show, sparkline
from lossbench.cli.tables import empty_table

if TYPE_CHECKING:
    from rich.table import Table

    from lossbench.analysis import Analysis
    from lossbench.report import Summary
    from lossbench.results import Results

__all__ = ["curve_by_loss", "ranking"]

_CURVE = 30  # characters at most of a curve over the epochs
_ROOMY = 100  # columns of a terminal below which heads may take two lines
_GAP = 2  # columns between two columns


def curve_by_loss(results: Results, analysis: Analysis) -> tuple[list[int], dict[str, list[float | None]]]:
    """The evaluated epochs, and per loss the mean of the study's own metric over its finished seeds at each of them.

    Both are empty for a metric that has no history, and with fewer than two epochs.
    """
    from lossbench.figures.curves import curve, curves  # charts take a second, which `--help` need not wait for

    split, _, metric = analysis.metric.partition(".")
    if metric not in results.history.columns:
        return [], {}
    table = curves(results, results.labels, [metric], [split])
    found = {loss: dict(zip(*curve(table, loss, metric, split), strict=True)) for loss in results.labels}
    epochs = sorted({epoch for values in found.values() for epoch in values})
    if len(epochs) < 2:
        return [], {}
    return epochs, {loss: [values.get(epoch) for epoch in epochs] for loss, values in found.items()}


def ranking(
    console: Console, summary: Summary, epochs: Sequence[int], curves: Mapping[str, Sequence[float | None]]
) -> Table:
    """The losses, best first; ranks and the best set only where they say something, curves only where there is room.

    Args:
        console: where it will be printed.
        summary: the rows.
        epochs: of the curves; empty for none.
        curves: per loss one value per epoch, drawn on one scale for all losses.
    """
    heads, rows = _cells(summary)
    if console.width < _ROOMY:
        heads = [head if head[0].isdecimal() else head.replace(" ", "\n") for head in heads]
    widths = [max(map(cell_len, "\n".join(column).split("\n"))) for column in zip(heads, *rows, strict=True)]
    room = min(console.width - sum(widths) - _GAP * len(widths), _CURVE)
    title = _title(summary.metric, epochs, room) if can_show(console) else ""
    table = empty_table(*heads, *[title] * bool(title))
    known = [value for values in curves.values() for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    for cells in rows:
        drawn = [sparkline(curves.get(cells[0], ()), low, high, room)] * bool(title)
        table.add_row(*map(escape, cells), *drawn)
    return table


def _cells(summary: Summary) -> tuple[list[str], list[list[str]]]:
    """Heads and rows without curves."""
    ranked = any(row.ranks for row in summary.rows)
    best = {True, False} <= {row.best for row in summary.rows if row.n}
    heads = ["loss", summary.metric, "95 % interval", *["ranks"] * ranked, *["best set"] * best, "seeds"]
    rows = []
    for row in summary.rows:
        mean = "no trial" if row.mean is None else f"{row.mean:.4f}"
        interval = "" if row.low is None or row.high is None else f"{row.low:.4f} to {row.high:.4f}"
        rows.append([row.loss, mean, interval, *[row.ranks] * ranked, *["in" if row.best else ""] * best, str(row.n)])
    return heads, rows


def _title(metric: str, epochs: Sequence[int], room: int) -> str:
    """What the curves show, in as many words as there is room for; empty where there is none, or no curve."""
    if not epochs:
        return ""
    words = f"{epochs[0]} to {epochs[-1]}"
    titles = (f"{metric}, epochs {words}", f"epochs {words}", f"epochs\n{words}")
    return next((title for title in titles if max(map(cell_len, title.split("\n"))) <= room), "")
