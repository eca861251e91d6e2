"""`lossbench watch`: a running study, followed from another terminal."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live

from lossbench.cli.number import number
from lossbench.errors import RequestError

if TYPE_CHECKING:
    from lossbench.api.watching import View, Watch

__all__ = ["watch"]

_PATIENCE = 15.0  # seconds without anybody training until that is said: a run that begins takes a few to start workers


def watch(
    folder: Annotated[Path, typer.Argument(help="A study's folder (log/studies/NAME), or a save dir with one study.")],
    interval: Annotated[
        float, typer.Option(parser=number, metavar="X", help="Seconds between looks, 0.1 to 3600.")
    ] = 2.0,
    wait: Annotated[bool, typer.Option("--wait", help="Keep waiting while nobody trains.")] = False,
) -> None:
    """Follow a running study: curves so far, time left, trials that diverged.

    It only reads, so that it may be left and started again at any time.
    """
    if not 0.1 <= interval <= 3600:
        raise RequestError("--interval", "0.1 to 3600 seconds", f"{interval:g}")

    from lossbench.api.watching import Watch

    console = Console()
    watched = Watch(folder)
    try:
        view = _follow(console, watched, interval, wait)
    except KeyboardInterrupt:
        return  # nothing is lost by leaving
    for line in _farewell(view, watched):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _follow(console: Console, watched: Watch, interval: float, wait: bool) -> View:
    """Shows the study until nothing is left to train, or nobody trains any more."""
    from lossbench.cli.show_watch import line, screen

    idle_since, said = time.monotonic(), ""
    view = watched.look()
    shown = Live(console=console, auto_refresh=False) if console.is_terminal else None
    with shown or nullcontext():
        while True:
            if shown:
                shown.update(screen(console, view), refresh=True)
            elif line(view) != said:
                said = line(view)
                console.print(said, markup=False, highlight=False, soft_wrap=True)
            if view.counts.get("running"):
                idle_since = time.monotonic()
            if view.over or (not wait and time.monotonic() - idle_since > _PATIENCE):
                return view
            time.sleep(interval)
            view = watched.look()


def _farewell(view: View, watched: Watch) -> list[str]:
    if not view.over:
        return [
            f"nobody trains it, and {view.counts['missing']} of {view.trials} trials are missing; to go on: "
            f"lossbench run {watched.report.with_name('study.yaml')} --save-dir {watched.store.root}"
        ]
    failed = view.counts.get("failed")
    again = [f"{failed} failed; to try again: lossbench run {watched.report.with_name('study.yaml')}"] if failed else []
    if watched.report.exists():
        return [*again, f"report: {watched.report}"]
    return [*again, f"the run writes the report at its end; to write it now: lossbench report {watched.report.parent}"]
