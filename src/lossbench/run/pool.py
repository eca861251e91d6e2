"""Worker processes that serve jobs, a JSON line each, and answer with events, a JSON line each."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Generic, Protocol, Self, TypeVar

from lossbench.errors import told
from lossbench.files import unwritable
from lossbench.run.job import Event, Notify
from lossbench.run.repeatable import WORKSPACE
from lossbench.run.turns import Turns

__all__ = ["ENVIRONMENT", "Pool"]

_LEAVE_SECONDS = 5.0  # how long a stop waits for a worker's thread
ENVIRONMENT = {
    **WORKSPACE,
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",  # glibc: memory that a step gives back stays with the process, so that
    "MALLOC_TRIM_THRESHOLD_": "4294967296",  # the next one does not have each of its pages zeroed by the system anew
}
"""What worker processes have in their environment beside the parent's."""

_LAST_WORDS = 4096  # bytes of a dead worker's standard error that are looked at


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

    def __init__(
        self, pool: Pool[W], turns: Turns[W], events: queue.SimpleQueue[Event | None], place: Mapping[str, str]
    ) -> None:
        super().__init__(daemon=True, name="lossbench worker")
        self.pool, self.turns, self.events, self.place = pool, turns, events, place
        self.process: subprocess.Popen[str] | None = None
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the thread
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

    def stop(self) -> None:
        """Ends the process, whatever it is doing; its job goes on from what it has kept."""
        tries = int(_LEAVE_SECONDS / 0.05)
        for _ in range(tries):  # the thread may be just starting a process
            process = self.process  # read once: the thread may forget it at any moment
            if process is not None:
                _kill(process)
            if not self.is_alive():
                self._forget()
                self.errors.close()
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
        process = self.process = self.process or _start(self.pool.module, self.errors, self.place)
        assert process.stdin is not None  # noqa: S101 - piped, for the type checker
        assert process.stdout is not None  # noqa: S101 - piped, for the type checker
        with suppress(OSError, ValueError):  # a process that dies while it is written to or read from: said below
            process.stdin.write(json.dumps(job.to_json()) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                event = Event(**json.loads(line))
                self.events.put(event)
                if event.is_last:
                    last[event.key] = event.kind
                if event.kind == "halted" or all(key in last for key in job.keys):
                    return ""
        return f"the worker process ended with {_how(process.wait())}{self._last_words()}"

    def _last_words(self) -> str:
        size = self.errors.seek(0, os.SEEK_END)
        self.errors.seek(max(0, size - _LAST_WORDS))
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        return f": {said[-1]}" if said else ""

    def _forget(self) -> None:
        """Ends and closes what is left of a process; the next job gets another."""
        process, self.process = self.process, None
        if process is None:
            return
        _kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not flushed has nobody to go to
                    pipe.close()


def _start(module: str, errors: IO[bytes], place: Mapping[str, str]) -> subprocess.Popen[str]:
    """A worker process that leads its own session: Ctrl-C is for the parent, and what a model forks ends with it."""
    errors.seek(0)
    errors.truncate()
    process = subprocess.Popen(  # noqa: S603 - a module of ours
        [sys.executable, "-P", "-m", module],  # -P: what lies in the working directory is not imported
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **ENVIRONMENT, **place},
        start_new_session=True,
        text=True,
        encoding="utf-8",
    )
    threading.Thread(target=_bury, args=(process,), daemon=True, name="lossbench waiter").start()
    return process


def _bury(process: subprocess.Popen[str]) -> None:
    """Waits for a process's end and ends what it forked, which would hold the pipe that its parent reads from."""
    process.wait()
    _kill_session(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Ends a process and its session; one that has ended was buried, and its number may be another's by now."""
    if process.returncode is None:
        _kill_session(process)


def _kill_session(process: subprocess.Popen[str]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _how(code: int) -> str:
    """A process's end in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"
