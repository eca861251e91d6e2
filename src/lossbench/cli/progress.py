"""How a run goes: bars where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from lossbench.cli.console import can_move
from lossbench.cli.duration import duration

if TYPE_CHECKING:
    from lossbench.run import Event  # run needs torch, which `lossbench --help` need not wait for

__all__ = ["Follower", "follow"]

_HELD = "another run trains it"
_PLAIN_EVERY = 20.0  # seconds between plain lines about trials under way


class Follower(Protocol):
    """A context that is told the events of a run."""

    def __enter__(self) -> Self:
        """Begins to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends showing."""
        ...

    def __call__(self, event: Event) -> None:
        """Shows an event."""
        ...


def follow(console: Console, trials: Mapping[str, str], epochs: int, measured: str = "test accuracy") -> Follower:
    """A follower of the run of some trials.

    Args:
        console: where to show it.
        trials: what each trial is called, by key.
        epochs: how many epochs each has.
        measured: what an event's accuracy is called.
    """
    return (Bars if can_move(console) else Lines)(console, trials, epochs, measured)


class _Tally:
    """Epochs done by trial, and what is left."""

    def __init__(self, trials: Mapping[str, str], epochs: int) -> None:
        self.trials, self.epochs = trials, epochs
        self.began = time.monotonic()
        self.first: dict[str, int] = {}  # epochs that a resumed trial had before this run
        self.done: dict[str, int] = {}
        self.all_done = 0  # the sum of `done`, and of `first`: with 100,000 trials nobody adds them up at every event
        self.all_first = 0
        self.started: dict[str, float] = {}
        self.ended = 0

    def note(self, event: Event) -> None:
        if event.kind == "started":
            self.started[event.key] = time.monotonic()
        if event.kind == "epoch":
            self._set(event.key, max(event.epoch - 1, 0), event.epoch)
        if event.ends:
            self.ended += 1
            self._set(event.key, self.epochs, self.epochs)

    def _set(self, key: str, before: int, done: int) -> None:
        """Notes the epochs done of a trial, and where nothing was known of it those that it had before."""
        if key not in self.first:
            self.first[key] = before
            self.all_first += before
        self.all_done += done - self.done.get(key, 0)
        self.done[key] = done

    @property
    def total(self) -> int:
        return self.epochs * len(self.trials)

    @property
    def left(self) -> str:
        """The time left for all, in words."""
        return _left(self.all_done - self.all_first, self.total - self.all_done, self.began)

    def left_of(self, key: str) -> str:
        """The time left for one trial, in words."""
        done = self.done[key]
        return _left(done - self.first[key], self.epochs - done, self.started[key])


def _left(done: int, to_do: int, since: float) -> str:
    """Time left, when so many epochs were done since a moment and so many are to do."""
    if done <= 0:
        return "time left not known yet"
    left = to_do * (time.monotonic() - since) / done
    return f"{'about ' if left >= 1 else ''}{duration(left)} left"


class Lines:
    """Plain lines: one per ended trial, and now and then one about those under way."""

    def __init__(
        self, console: Console, trials: Mapping[str, str], epochs: int, measured: str = "test accuracy"
    ) -> None:
        self.console, self.measured = console, measured
        self.tally = _Tally(trials, epochs)
        self.spoken = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Prints a line where there is something to say."""
        tally = self.tally
        tally.note(event)
        name = tally.trials[event.key]
        if event.kind == "held":
            self._say(f"{name}: {_HELD}")
        elif event.kind == "noted":
            self._say(f"{name}: {event.reason}")
        elif event.ends:
            how = event.kind + (f" ({event.reason})" if event.reason else "")
            left = f"; {tally.left}" if tally.ended < len(tally.trials) else ""
            self._say(f"[{tally.ended}/{len(tally.trials)}] {name}: {how}{left}")
        elif event.accuracy is not None and time.monotonic() - self.spoken > _PLAIN_EVERY:
            trial = (
                f"epoch {event.epoch}/{tally.epochs}, {self.measured} {event.accuracy:.3f}, {tally.left_of(event.key)}"
            )
            self._say(f"{name}: {trial}; {100 * tally.all_done // tally.total} % of all, {tally.left}")

    def _say(self, line: str) -> None:
        self.spoken = time.monotonic()
        self.console.print(escape(line), highlight=False, soft_wrap=True)


class Bars:
    """A bar for all, and one per trial under way."""

    def __init__(
        self, console: Console, trials: Mapping[str, str], epochs: int, measured: str = "test accuracy"
    ) -> None:
        self.tally, self.measured = _Tally(trials, epochs), measured
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[accuracy]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.all = self.progress.add_task(f"[bold]{len(trials)} trials, epochs", total=self.tally.total, accuracy="")
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.progress.stop()

    def __call__(self, event: Event) -> None:
        """Moves the bars."""
        self.tally.note(event)
        name = escape(self.tally.trials[event.key])
        if event.kind == "held":
            self.progress.console.print(f"{name}: {_HELD}", highlight=False)
            return
        if event.kind == "noted":
            self.progress.console.print(f"{name}: {escape(event.reason)}", highlight=False)
            return
        if event.key not in self.tasks:
            self.tasks[event.key] = self.progress.add_task(name, total=self.tally.epochs, accuracy="")
        task = self.tasks[event.key]
        if event.accuracy is not None:
            self.progress.update(task, accuracy=f"{self.measured} {event.accuracy:.3f}")
        self.progress.update(task, completed=event.epoch)
        self.progress.update(self.all, completed=self.tally.all_done)
        if event.ends:
            self.progress.remove_task(task)
            if event.kind != "finished":
                self.progress.console.print(f"{name}: {event.kind} ({escape(event.reason)})", highlight=False)
