"""Trials one after another in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial

from lossbench.data import Pictures
from lossbench.run.drive import drive
from lossbench.run.halting import Begun, listening
from lossbench.run.job import Event, Job, Notify
from lossbench.run.repeatable import one_thread
from lossbench.run.turns import Turns
from lossbench.store import Store

__all__ = ["Inline", "driver", "opener"]


class Inline:
    """Trains in this process, one trial after another, with one thread."""

    workers = 1

    def __call__(self, jobs: Iterable[Job], notify: Notify) -> None:
        """Trains every job; those that another run holds after the others."""
        turns, told, driven = Turns(jobs), set[str](), driver()
        with one_thread(), listening(notify) as tell:
            while (job := turns.take()) is not None:
                last = driven(job, tell)
                if last.kind == "held":
                    turns.put_back(job)
                if last.kind != "held" or last.key not in told:
                    told.add(last.key)
                    tell(last)


def driver() -> Callable[[Job, Notify], Event]:
    """Drives one job after another; the pictures of each data set are opened once."""
    opened = opener()
    return lambda job, notify: drive(job, opened(job), notify)


def opener() -> Callable[[Job], Callable[[], Pictures]]:
    """What gives the pictures of one job after another, each data set opened once.

    It raises a SaveDirError where the save dir went away between two jobs.
    """
    begun = Begun()
    read = cache(lambda save_dir, digest: Store(save_dir).pictures(digest))

    def opened(job: Job) -> Callable[[], Pictures]:
        begun.check(job.save_dir)
        return partial(read, job.save_dir, job.trial.digests["data"])

    return opened
