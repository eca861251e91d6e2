"""A worker process: `python -m lossbench.run.worker` reads jobs from standard input, a JSON line each.

It answers with a JSON line per event. When its input ends, be it that the work is done or that its parent died,
it leaves at once: whatever it was training goes on from the last checkpoint.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from lossbench.errors import SaveDirError
from lossbench.run.halting import listening
from lossbench.run.inline import driver
from lossbench.run.job import Event, Job, Notify
from lossbench.run.repeatable import one_thread

__all__ = ["main", "serve", "train_jobs"]


class _Job(Protocol):
    @property
    def import_path(self) -> tuple[str, ...]:
        """Where a user's own code is looked for besides the usual places."""
        ...


J = TypeVar("J", bound=_Job)


def main() -> None:
    """Trains trials until the input ends."""
    serve(Job.from_json, train_jobs)


def train_jobs(jobs: Iterable[Job], notify: Notify) -> None:
    """Trains jobs as they come; one that another run holds is left to the parent to ask for again."""
    driven = driver()
    with one_thread():
        for job in jobs:
            notify(driven(job, notify))


def serve(read: Callable[[dict[str, Any]], J], work: Callable[[Iterable[J], Notify], None]) -> None:
    """Serves jobs until the input ends.

    Args:
        read: a job out of its JSON.
        work: does all jobs, and tells of each.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides what it means
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a user's model prints must not end up between the answers

    def notify(event: Event) -> None:
        answers.write(json.dumps(asdict(event)) + "\n")
        answers.flush()

    try:
        with listening(notify) as tell:  # a parent that is gone is no fault of a trial
            work(_jobs(read), tell)
    except SaveDirError as error:
        notify(Event("halted", "", reason=str(error.received)))


def _jobs(read: Callable[[dict[str, Any]], J]) -> Iterator[J]:
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    while True:
        job = read(json.loads(lines.get()))
        sys.path.extend(folder for folder in job.import_path if folder not in sys.path)
        yield job


def _read(lines: queue.Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # what a model forked goes, too, and this process with it
    os._exit(0)


if __name__ == "__main__":
    main()
