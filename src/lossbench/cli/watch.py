"""`lossbench watch`: a running study, followed from another terminal."""

from __future__ import annotations

import shlex
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live

from lossbench.cli.console import can_move, make_console
from lossbench.cli.number import number
from lossbench.errors import RequestError

if TYPE_CHECKING:
    from lossbench.api.watching import View, Watch

__all__ = ["watch"]

_PATIENCE = 15.0  # seconds without anybody training until that is said: a run that begins takes a few to start workers
_REPORT_PATIENCE = 60.0  # seconds from the last trial to the report, or to more seeds of a run until decided


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
    console = make_console()
    try:
        from lossbench.api.watching import Watch

        watched = Watch(folder)
        for line in _follow(console, watched, interval, wait):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    except KeyboardInterrupt:
        return  # nothing is lost by leaving


def _follow(console: Console, watched: Watch, interval: float, wait: bool) -> list[str]:
    """Shows the study until there is nothing to wait for; gives what is to be said then."""
    from lossbench.cli.show_watch import line, screen

    live = Live(console=console, auto_refresh=False) if can_move(console) else None
    course, said = _Course(), None
    with live or nullcontext():
        while True:
            view = watched.look()
            course.note(view)
            note = _note(view, watched, course, wait)
            if live:
                live.update(screen(console, view, note), refresh=True)
            elif (view.epochs, view.counts, note) != said:
                said = (view.epochs, view.counts, note)
                console.print(line(view, note), markup=False, highlight=False, soft_wrap=True)
            if course.over(view, wait):
                return _farewell(view, watched, course)
            time.sleep(interval)


class _Course:
    """What was seen of a run: whether somebody trains, and for how long nobody has."""

    def __init__(self) -> None:
        self.seen = False
        self._moved = time.monotonic()
        self._epochs: int | None = None

    def note(self, view: View) -> None:
        """Looks once more; between two looks a trial may have begun and ended."""
        if view.counts.get("running") or view.epochs > (view.epochs if self._epochs is None else self._epochs):
            self.seen, self._moved = True, time.monotonic()
        self._epochs = view.epochs

    @property
    def quiet(self) -> float:
        """Seconds since somebody trained."""
        return time.monotonic() - self._moved

    def expects(self, view: View) -> bool:
        """Whether a run that has trained everything will still write its report, or add seeds."""
        return view.over and not view.reported and (self.seen or view.grows)

    def over(self, view: View, wait: bool) -> bool:
        """Whether there is nothing to wait for."""
        if view.over:
            return not self.expects(view) or self.quiet > _REPORT_PATIENCE
        return not wait and self.quiet > _PATIENCE


def _note(view: View, watched: Watch, course: _Course, wait: bool) -> str:
    """What is waited for while nobody trains."""
    if view.over:
        return "waiting for the report" if course.expects(view) else ""
    return _missing(view, watched) if wait and course.quiet > _PATIENCE else ""


def _farewell(view: View, watched: Watch, course: _Course) -> list[str]:
    """How it ended, where the report is, and what to type."""
    if not view.over:
        return [_missing(view, watched)]
    failed = view.counts.get("failed")
    lines = [f"{failed} failed; to try again: {_again(watched, '--retry-failed')}"] if failed else []
    folder = shlex.quote(str(watched.report.parent))
    if watched.report.exists() and not course.expects(view):
        return [*lines, f"report: {watched.report}", f"to open it: lossbench report {folder} --open"]
    return [*lines, f"the run writes the report at its end; to write it now: lossbench report {folder}"]


def _missing(view: View, watched: Watch) -> str:
    missing = f"{view.counts.get('missing', 0)} of {view.trials} trials are missing"
    return f"nobody trains it, and {missing}; to go on: {_again(watched)}"


def _again(watched: Watch, *options: str) -> str:
    """The command that trains what is missing."""
    study = str(watched.report.with_name("study.yaml"))
    return shlex.join(["lossbench", "run", study, "--save-dir", str(watched.store.root), *options])
