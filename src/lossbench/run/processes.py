"""Trials side by side in worker processes of one thread each."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import IO

from lossbench.errors import RequestError, shown
from lossbench.run.job import Event, Job, Notify
from lossbench.store import Store

__all__ = ["ENVIRONMENT", "Processes", "usable_cores"]

_LEAVE_SECONDS = 5.0  # how long a stop waits for a worker's thread
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",  # glibc: memory that a step gives back stays with the process, so that
    "MALLOC_TRIM_THRESHOLD_": "4294967296",  # the next one does not have each of its pages zeroed by the system anew
}
"""What worker processes have in their environment beside the parent's."""

_LAST_WORDS = 4096  # bytes of a dead worker's standard error that are looked at


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Processes:
    """Trains in worker processes; they read the decoded pictures from the store's memory-mapped files.

    Args:
        workers: how many at most; None for one per usable core.
    """

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise RequestError("--workers", "auto or a number of at least 1", workers)
        self._workers = workers or usable_cores()

    @property
    def workers(self) -> int:
        """How many trials are trained side by side at most."""
        return self._workers

    def __call__(self, jobs: Iterable[Job], notify: Notify) -> None:
        """Trains every job; an interrupt stops the workers before it is raised."""
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        workers = [_Worker(waiting, events) for _ in range(min(self.workers, waiting.qsize()))]
        try:
            for worker in workers:
                worker.start()
            running = len(workers)
            while running:
                event = events.get()
                if event is None:
                    running -= 1
                else:
                    notify(event)
        finally:
            for worker in workers:
                worker.stopping = True  # of all, before the first is waited for: none shall take another job
            for worker in workers:
                worker.stop()


class _Worker(threading.Thread):
    """A thread that keeps one worker process busy, and starts another when it dies."""

    def __init__(self, waiting: queue.SimpleQueue[Job], events: queue.SimpleQueue[Event | None]) -> None:
        super().__init__(daemon=True, name="lossbench worker")
        self.waiting, self.events = waiting, events
        self.process: subprocess.Popen[str] | None = None
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the thread
        self.stopping = False

    def run(self) -> None:
        """Hands out jobs until none are left; every job that was taken ends in an event."""
        try:
            while not self.stopping:
                try:
                    job = self.waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    died = self._serve(job)
                except Exception as error:  # no process, no memory, no disk: that job failed, the next is tried
                    died = f"{type(error).__name__}: {error}"
                if died and not self.stopping:
                    self._note_failure(job, died)
                    self._forget()
        finally:
            self.events.put(None)

    def stop(self) -> None:
        """Ends the process, whatever it is doing; its trial goes on from the last checkpoint."""
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

    def _serve(self, job: Job) -> str:
        """Has a job trained; gives how the process died over it, or nothing."""
        process = self.process = self.process or _start(self.errors)
        assert process.stdin is not None  # noqa: S101 - piped, for the type checker
        assert process.stdout is not None  # noqa: S101 - piped, for the type checker
        with suppress(OSError, ValueError):  # a process that dies while it is written to or read from: said below
            process.stdin.write(json.dumps(job.to_json()) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                event = Event(**json.loads(line))
                self.events.put(event)
                if event.ends:
                    return ""
        return f"the worker process ended with {_how(process.wait())}{self._last_words()}"

    def _note_failure(self, job: Job, reason: str) -> None:
        with suppress(OSError):  # the event tells it where the disk cannot
            Store(job.save_dir).fail(job.trial, reason)
        self.events.put(Event("failed", job.trial.key, reason=shown(reason)))

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


def _start(errors: IO[bytes]) -> subprocess.Popen[str]:
    """A worker process that leads its own session: Ctrl-C is for the parent, and what a model forks ends with it."""
    errors.seek(0)
    errors.truncate()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "lossbench.run.worker"],  # -P: what lies in the working directory is not imported
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **ENVIRONMENT},
        start_new_session=True,
        text=True,
        encoding="utf-8",
    )
    threading.Thread(target=_bury, args=(process,), daemon=True, name="lossbench waiter").start()
    return process


def _bury(process: subprocess.Popen[str]) -> None:
    """Waits for a process's end and ends what it forked, which would hold the pipe that its parent reads from."""
    process.wait()
    _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Ends a process and its session."""
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
