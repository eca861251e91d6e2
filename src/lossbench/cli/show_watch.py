"""How a study that is being trained looks in a terminal, and in a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lossbench.api.watching import LossSoFar, View
from lossbench.cli.duration import duration
from lossbench.cli.sparkline import can_show, sparkline
from lossbench.cli.tables import empty_table

__all__ = ["line", "screen"]

_ORDER = ("finished", "running", "diverged", "failed", "missing")
_WIDE, _NARROW = 30, 12  # characters of a curve, by the width of the terminal
_ROOMY = 100  # columns of a terminal below which it is narrow
_GAP = 2  # columns between two columns
_MOST = 8  # of the trials that are running, or that diverged or failed
_FEWEST = 3  # losses that are shown however low the terminal is


def line(view: View, note: str = "") -> str:
    """The study in one line: `digits-cnn: 12 of 20 trials ended (1 diverged), 2 running; 341 of 600 epochs`."""
    ended = sum(view.counts.get(status, 0) for status in ("finished", "diverged", "failed"))
    lost = [f"{view.counts[status]} {status}" for status in ("diverged", "failed") if view.counts.get(status)]
    parts = f"{view.name}: {ended} of {view.trials} trials ended" + (f" ({', '.join(lost)})" if lost else "")
    running = f", {view.counts['running']} running" if view.counts.get("running") else ""
    said = f"; {note}" if note else ""
    return f"{parts}{running}; {view.epochs} of {view.total} epochs{_left(view)}{said}"


def screen(console: Console, view: View, note: str = "") -> Group:
    """The study as a screen: a bar, a row per loss with its curve so far, what runs, what was lost.

    Args:
        console: where it is shown; what does not fit into its height is counted instead.
        view: the study now.
        note: what else is to be said.
    """
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=max(view.total, 1), completed=view.epochs, width=24),
        Text(f"{view.epochs} of {view.total} epochs{_left(view)}"),
    )
    above: list[RenderableType] = [Text(f"{view.name}: {view.trials} trials, {_counts(view.counts)}"), bar]
    below = [Text(words) for words in (*_running(view), *_lost(view), note) if words]
    taken = sum(len(console.render_lines(part)) for part in (*above, *below))
    room = max(console.height - taken - 4, _FEWEST)  # a head of two lines, a line for the losses left out, the cursor
    shown = _chosen(view.losses, room)
    left_out = len(view.losses) - len(shown)
    more = [Text(f"and {left_out} more losses, for which the terminal is too low")] if left_out else []
    return Group(*above, _table(console, view, shown), *more, *below)


def _chosen(losses: Sequence[LossSoFar], room: int) -> list[LossSoFar]:
    """As many losses as there is room for, in their order; those that run before those that have something to show."""

    def rank(item: LossSoFar) -> int:
        return 0 if item.counts.get("running") else 1 if item.epochs else 2

    kept = sorted(range(len(losses)), key=lambda place: rank(losses[place]))[:room]
    return [losses[place] for place in sorted(kept)]


def _table(console: Console, view: View, losses: Sequence[LossSoFar]) -> Table:
    """A row per loss."""
    heads, rows = _cells(console, view, losses)
    columns = zip(heads, *rows, strict=True)
    widths = [max(cell_len(words) for words in "\n".join(column).split("\n")) for column in columns]
    room = max(console.width - sum(widths) - _GAP * (len(widths) + 1), len("loss"))
    table = empty_table("loss", *heads)
    for item, cells in zip(losses, rows, strict=True):
        label = Text(item.loss)
        label.truncate(room, overflow="ellipsis" if can_show(console) else "crop")
        table.add_row(label, *map(Text, cells))
    return table


def _cells(console: Console, view: View, losses: Sequence[LossSoFar]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows beside the losses' names; a column of what no trial is, is left out."""
    roomy, drawn = console.width >= _ROOMY, can_show(console)
    others = [status for status in ("running", "diverged", "failed") if view.counts.get(status)]
    metric = view.metric.replace(".", " " if roomy else "\n", 1)
    heads = [metric, *["so far"] * drawn, "epochs", "finished", *others]
    values = [value for item in view.losses for value in item.curve]
    low, high = min(values, default=0.0), max(values, default=1.0)
    rows = []
    for item in losses:
        last = f"{item.curve[-1]:.4f}" if item.curve else "-"
        curve = [sparkline(item.curve, low, high, _WIDE if roomy else _NARROW)] * drawn
        finished = f"{item.counts.get('finished', 0)} of {sum(item.counts.values())}"
        counts = [str(item.counts.get(status) or "") for status in others]
        rows.append([last, *curve, str(item.epochs), finished, *counts])
    return heads, rows


def _running(view: View) -> list[str]:
    if not view.running:
        return [] if view.over else ["nobody trains it at the moment"]
    shown = [f"{loss} seed {seed} epoch {epoch}" for loss, seed, epoch in view.running[:_MOST]]
    more = [f"{len(view.running) - _MOST} more"] if len(view.running) > _MOST else []
    return [f"running: {', '.join([*shown, *more])}"]


def _lost(view: View) -> list[str]:
    lines = [f"{status}: {loss} seed {seed}: {reason}" for loss, seed, status, reason in view.lost[:_MOST]]
    more = [f"and {len(view.lost) - _MOST} more that diverged or failed"] if len(view.lost) > _MOST else []
    return [*lines, *more]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[status]} {status}" for status in _ORDER if counts.get(status))


def _left(view: View) -> str:
    if view.seconds_left is None:
        return ", time left not known yet" if view.running else ""
    return f", about {duration(max(view.seconds_left, 1))} left" if view.running else ""
