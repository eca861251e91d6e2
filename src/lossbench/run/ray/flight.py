"""A piece of work under way: its trials with their claims, and what was told of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lossbench.run.job import Event, Job, Notify
from lossbench.run.stacks import Stack
from lossbench.store import Store

__all__ = ["Flight", "Passenger"]


@dataclass(eq=False)
class Passenger:
    """A trial that this run holds.

    Args:
        job: what is trained.
        notify: is told of it.
        claim: lets go of the trial when it is closed.
        started: whether it was told that it started.
        epoch: the last epoch that was told; after a loss, some are trained again, and told once.
        ended: whether it has ended.
    """

    job: Job
    notify: Notify
    claim: ExitStack = field(default_factory=ExitStack)
    started: bool = False
    epoch: int = -1
    ended: bool = False

    @property
    def store(self) -> Store:
        """The save dir."""
        return Store(Path(self.job.save_dir).absolute())

    @property
    def key(self) -> str:
        """The trial's."""
        return self.job.trial.key

    def tell(self, event: Event) -> None:
        """Tells what is news."""
        if event.kind == "started":
            if not self.started:
                self.started = True
                self.notify(event)
        elif event.kind == "noted":
            self.notify(event)
        elif event.kind == "epoch" and event.epoch > self.epoch:
            self.epoch = event.epoch
            self.notify(event)

    def end(self, event: Event) -> None:
        """Lets go of the trial, and tells how it ended."""
        self.ended = True
        self.claim.close()
        self.notify(event)


@dataclass(eq=False)
class Flight:
    """A piece of work.

    Args:
        passengers: its trials.
        submitted: what Ray gives its news by.
        part: what it is of all the work.
        losses: how often its task was lost while its node lived, since anything of it was kept.
        lost: why this task could not do it, as far as it told.
    """

    passengers: list[Passenger]
    submitted: Iterator[Any]
    part: Stack
    losses: int = 0
    lost: str = ""

    @property
    def left(self) -> list[Passenger]:
        """Those that have not ended."""
        return [each for each in self.passengers if not each.ended]
