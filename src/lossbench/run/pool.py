"""Worker processes that serve jobs, a JSON line each, and answer with events, a JSON line each."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from lossbench.errors import told
from lossbench.files import unwritable
from lossbench.run.job import Event, Notify
from lossbench.run.process import Process
from lossbench.run.turns import Turns

__all__ = ["Pool"]

_LEAVE_SECONDS = 5.0  # how long a stop waits for a worker's thread


class _Work(Protocol):
    def to_json(self) -> dict[str, Any]:
        """The job as plain JSON values."""
        ...


W = TypeVar("W", bound=_Work)


class Pool(Generic[W]):
    """Has jobs done in worker processes.

    Args:
        module: what a worker process runs: it reads jobs from standard input, and answers each with events of which
            the last one ends it.
        workers: how many processes at most.
        failed: what is told of a job whose process died over it, given how it died.
    """

    def __init__(self, module: str, workers: int, failed: Callable[[W, str], Event]) -> None:
        self.module, self.workers, self.failed = module, workers, failed

    def __call__(self, jobs: Iterable[W], notify: Notify) -> None:
        """Has every job done; an interrupt stops the workers before it is raised.

        Raises:
            SaveDirError: a worker found that nothing can be written; the others are stopped, too.
        """
        turns, told = Turns(jobs), set[str]()
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        workers = [_Worker(self, turns, events) for _ in range(min(self.workers, len(turns)))]
        try:
            for worker in workers:
                worker.start()
            running = len(workers)
            while running:
                event = events.get()
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
                worker.stopping.set()  # of all, before the first is waited for: none shall take another job
            for worker in workers:
                worker.stop()


class _Worker(threading.Thread, Generic[W]):
    """A thread that keeps one worker process busy, and starts another when it dies."""

    def __init__(self, pool: Pool[W], turns: Turns[W], events: queue.SimpleQueue[Event | None]) -> None:
        super().__init__(daemon=True, name="lossbench worker")
        self.pool, self.turns, self.events = pool, turns, events
        self.process: Process | None = None
        self.stopping = threading.Event()

    def run(self) -> None:
        """Hands out jobs until none are left; every job that was taken ends in an event."""
        try:
            while not self.stopping.is_set() and (job := self.turns.take()) is not None:
                try:
                    ended = self._serve(job)
                except Exception as error:  # no process, no memory, no disk: that job failed, the next is tried
                    ended = told(error)
                if self.stopping.is_set() or (isinstance(ended, Event) and ended.kind == "halted"):
                    return
                if isinstance(ended, str):
                    self.events.put(self.pool.failed(job, ended))
                elif ended.kind == "held":
                    self.turns.put_back(job)
                if isinstance(ended, str) or ended.kind == "failed":
                    self._forget()  # whatever it left behind in its process, the next has another
        finally:
            self.events.put(None)

    def stop(self) -> None:
        """Ends the process, whatever it is doing; its job goes on from what it has kept."""
        tries = int(_LEAVE_SECONDS / 0.05)
        for _ in range(tries):  # the thread may be just starting a process
            process = self.process  # read once: the thread may forget it at any moment
            if process is not None:
                process.kill()
            if not self.is_alive():
                self._forget()
                return
            self.join(timeout=0.05)

    def _serve(self, job: W) -> Event | str:
        """Has a job done; gives its last event, or how the process died over it."""
        process = self.process = self.process or Process(self.pool.module)
        return process.serve(job.to_json(), self.events.put)

    def _forget(self) -> None:
        """Ends and closes what is left of a process; the next job gets another."""
        process, self.process = self.process, None
        if process is not None:
            process.close()
