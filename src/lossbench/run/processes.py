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

from lossbench.errors import RequestError
from lossbench.run.job import Event, Job, Notify
from lossbench.store import Store

__all__ = ["Processes", "usable_cores"]


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
        """Hands out jobs until none are left."""
        try:
            while not self.stopping:
                try:
                    job = self.waiting.get_nowait()
                except queue.Empty:
                    return
                self._serve(job)
        finally:
            self.events.put(None)

    def stop(self) -> None:
        """Ends the process, whatever it is doing; its trial goes on from the last checkpoint."""
        self.stopping = True
        while True:  # the thread may be just starting a process
            process = self.process
            if process is not None:
                process.kill()
            if not self.is_alive():
                break
            self.join(timeout=0.05)
        self._forget()
        self.errors.close()

    def _serve(self, job: Job) -> None:
        if self.process is None:
            self.process = _start(self.errors)
        assert self.process.stdin is not None  # noqa: S101 - piped, for the type checker
        assert self.process.stdout is not None  # noqa: S101 - piped, for the type checker
        try:
            self.process.stdin.write(json.dumps(job.to_json()) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                event = Event(**json.loads(line))
                self.events.put(event)
                if event.ends:
                    return
        except (OSError, ValueError):
            pass  # the process died, or was stopped: said below
        if not self.stopping:
            self.events.put(self._died(job))
            self._forget()

    def _forget(self) -> None:
        """Closes what is left of a process that has ended; the next job gets another."""
        if self.process is None:
            return
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not flushed has nobody to go to
                    pipe.close()
        self.process = None

    def _died(self, job: Job) -> Event:
        """Notes that a trial's process ended under it."""
        assert self.process is not None  # noqa: S101 - started by the caller
        code = self.process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        reason = f"the worker process ended with {how}" + (f": {said[-1]}" if said else "")
        Store(job.save_dir).fail(job.trial, reason)
        return Event("failed", job.trial.key, reason=reason)


def _start(errors: IO[bytes]) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "lossbench.run.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        text=True,
        encoding="utf-8",
    )
