"""Worker processes that serve jobs, a JSON line each, and answer with events, a JSON line each."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, Self, TypeVar

from lossbench.errors import told
from lossbench.files import unwritable
from lossbench.run.job import Event, Notify
from lossbench.run.process import Process
from lossbench.run.turns import Turns

__all__ = ["Pool"]

_LISTEN_SECONDS = 0.2  # how long an interrupt may have to wait
_LEAVE_SECONDS = 5.0  # how long a stop waits for a worker's thread


class _Work(Protocol):
    @property
    def keys(self) -> tuple[str, ...]:
        """Of the trials in it, each of which ends in an event."""
        ...

    def only(self, keys: Collection[str]) -> Self:
        """The same work for some of its trials."""
        ...

    def to_json(self) -> dict[str, Any]:
        """The job as plain JSON values."""
        ...


W = TypeVar("W", bound=_Work)


class Pool(Generic[W]):
    """Has jobs done in worker processes.

    Args:
        module: what a worker process runs: it reads jobs from standard input, and answers each with events of which
            the last one of each trial ends it.
        workers: how many processes at most.
        failed: what is told of a job of one trial whose process died over it, given how it died. One of several trials
            is first given back, each trial by itself.
        places: what each process has in its environment beside what all have; nothing where it is empty.
    """

    def __init__(
        self,
        module: str,
        workers: int,
        failed: Callable[[W, str], Event],
        places: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self.module, self.workers, self.failed, self.places = module, workers, failed, places

    def __call__(self, jobs: Iterable[W], notify: Notify) -> None:
        """Has every job done; an interrupt stops the workers before it is raised.

        Raises:
            SaveDirError: a worker found that nothing can be written; the others are stopped, too.
        """
        turns, told = Turns(jobs), set[str]()
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        places = self.places or ({},) * self.workers
        workers = [_Worker(self, turns, events, place) for place in places[: min(self.workers, len(turns))]]
        try:
            for worker in workers:
                worker.start()
            running = len(workers)
            while running:
                event = _next(events)
                if event is None:
                    running -= 1
                    continue
                if event.kind == "halted":
                    raise unwritable("--save-dir", event.reason)
                if event.kind == "held":
                    if event.key in told:
                        continue
                    told.add(event.key)
                notify(event)
        finally:
            for worker in workers:
                worker.end()  # of all, before the first is waited for: none takes another job, whatever comes now
            for worker in workers:
                worker.stop()


def _next(events: queue.SimpleQueue[Event | None]) -> Event | None:
    """The next of the events, for which there may be nothing to do for hours but to hear Ctrl-C.

    Python raises an interrupt only between its own instructions, and a signal need not end a wait: polars, once
    imported, has waits go on after SIGINT.
    """
    while True:
        with suppress(queue.Empty):
            return events.get(timeout=_LISTEN_SECONDS)


class _Worker(threading.Thread, Generic[W]):
    """A thread that keeps one worker process busy, and starts another when it dies."""

    def __init__(
        self, pool: Pool[W], turns: Turns[W], events: queue.SimpleQueue[Event | None], place: Mapping[str, str]
    ) -> None:
        super().__init__(daemon=True, name="lossbench worker")
        self.pool, self.turns, self.events, self.place = pool, turns, events, place
        self.process: Process | None = None
        self.stopping = threading.Event()

    def run(self) -> None:
        """Hands out jobs until none are left; every job that was taken ends in an event."""
        try:
            while not self.stopping.is_set() and (job := self.turns.take()) is not None:
                last: dict[str, str] = {}  # how each trial ended
                try:
                    died = self._serve(job, last)
                except Exception as error:  # no process, no memory, no disk: that job failed, the next is tried
                    died = told(error)
                if self.stopping.is_set() or "halted" in last.values():
                    return
                self._give_back(job, last, died)
                if died or "failed" in last.values():
                    self._forget()  # whatever it left behind in its process, the next has another
        finally:
            self.events.put(None)

    def end(self) -> None:
        """Ends the process, and the thread with it; waits for neither."""
        self.stopping.set()
        process = self.process  # read once: the thread may forget it at any moment
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """Ends the process, whatever it is doing; its job goes on from what it has kept."""
        tries = int(_LEAVE_SECONDS / 0.05)
        for _ in range(tries):  # the thread may be just starting a process
            self.end()
            if not self.is_alive():
                self._forget()
                return
            self.join(timeout=0.05)

    def _give_back(self, job: W, last: Mapping[str, str], died: str) -> None:
        """Has what somebody else holds asked for again later, and what the process died over by itself."""
        held = [key for key in job.keys if last.get(key) == "held"]
        left = [key for key in job.keys if key not in last]
        if held:
            self.turns.put_back(job.only(held))
        if len(left) == 1:
            self.events.put(self.pool.failed(job.only(left), died))
        else:
            for key in left:
                self.turns.put_back(job.only((key,)))

    def _serve(self, job: W, last: dict[str, str]) -> str:
        """Has a job done, and notes how each of its trials ended; gives how the process died over it, if it did."""

        def heard(event: Event) -> None:
            if event.is_last:
                last[event.key] = event.kind
            self.events.put(event)

        process = self.process = self.process or Process(self.pool.module, place=self.place)
        if self.stopping.is_set():  # while it was started: who stops may not have seen it
            process.kill()
        ended = process.serve(job.to_json(), heard, trials=len(job.keys))
        return ended if isinstance(ended, str) else ""

    def _forget(self) -> None:
        """Ends and closes what is left of a process; the next job gets another."""
        process, self.process = self.process, None
        if process is not None:
            process.close()
