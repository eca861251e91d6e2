"""How a study that is being trained looks in a terminal, and in a line."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lossbench.api.watching import View
from lossbench.cli.duration import duration
from lossbench.cli.sparkline import can_show, sparkline
from lossbench.cli.tables import empty_table

__all__ = ["line", "screen"]

_ORDER = ("finished", "running", "diverged", "failed", "missing")
_WIDE, _NARROW = 30, 12  # of a curve, by the width of the terminal
_MOST_LOST = 8


def line(view: View) -> str:
    """The study in one line: `digits-cnn: 12 of 20 trials ended (1 diverged), 2 running; 341 of 600 epochs`."""
    ended = view.counts.get("finished", 0) + view.counts.get("diverged", 0)
    lost = [f"{view.counts[status]} {status}" for status in ("diverged", "failed") if view.counts.get(status)]
    parts = f"{view.name}: {ended} of {view.trials} trials ended" + (f" ({', '.join(lost)})" if lost else "")
    running = f", {view.counts['running']} running" if view.counts.get("running") else ""
    return f"{parts}{running}; {view.epochs} of {view.total} epochs{_left(view)}"


def screen(console: Console, view: View) -> Group:
    """The study as a screen: a bar, a row per loss with its curve so far, what runs, what was lost."""
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=max(view.total, 1), completed=view.epochs, width=24),
        Text(f"{view.epochs} of {view.total} epochs{_left(view)}"),
    )
    parts: list[RenderableType] = [
        Text(f"{view.name}: {view.trials} trials, {_counts(view.counts)}"),
        bar,
        _losses(console, view),
    ]
    if view.running:
        shown = ", ".join(f"{loss} seed {seed} epoch {epoch}" for loss, seed, epoch in view.running)
        parts.append(Text(f"running: {shown}"))
    parts += [Text(f"{status}: {loss} seed {seed}: {reason}") for loss, seed, status, reason in view.lost[:_MOST_LOST]]
    if len(view.lost) > _MOST_LOST:
        parts.append(Text(f"and {len(view.lost) - _MOST_LOST} more that diverged or failed"))
    return Group(*parts)


def _losses(console: Console, view: View) -> Table:
    curves = can_show(console)
    width = _WIDE if console.width >= 100 else _NARROW
    values = [value for item in view.losses for value in item.curve]
    low, high = min(values, default=0.0), max(values, default=1.0)
    metric = view.metric.replace(".", " ", 1)
    table = empty_table("loss", metric, *["so far"] * curves, "epochs", "trials")
    for item in view.losses:
        last = f"{item.curve[-1]:.4f}" if item.curve else "–" if curves else "-"
        drawn = [sparkline(item.curve, low, high, width)] * curves
        table.add_row(escape(item.loss), last, *drawn, str(item.epochs), _counts(item.counts))
    return table


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[status]} {status}" for status in _ORDER if counts.get(status))


def _left(view: View) -> str:
    return "" if view.seconds_left is None else f", about {duration(view.seconds_left)} left"
