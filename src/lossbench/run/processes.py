"""Trials side by side in worker processes of one thread each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from lossbench.errors import RequestError, SaveDirError, shown
from lossbench.run.environment import ENVIRONMENT
from lossbench.run.gpus import workplaces
from lossbench.run.job import Event, Job, Notify
from lossbench.run.pool import Pool
from lossbench.store import Store

__all__ = ["ENVIRONMENT", "Processes", "note_failure", "usable_cores"]


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Processes:
    """Trains in worker processes; they read the decoded pictures from the store's memory-mapped files.

    Args:
        workers: how many at most; None for one per GPU, or per usable core.
        gpus: which GPUs they share, as CUDA_VISIBLE_DEVICES names them: each process sees one; none for a processor.
    """

    def __init__(self, workers: int | None = None, gpus: Sequence[str] = ()) -> None:
        if workers is not None and workers < 1:
            raise RequestError("--workers", "auto or a number of at least 1", workers)
        self._gpus = tuple(gpus)
        self._workers = workers or len(self._gpus) or usable_cores()

    @property
    def workers(self) -> int:
        """How many trials are trained side by side at most."""
        return self._workers

    def __call__(self, jobs: Iterable[Job], notify: Notify) -> None:
        """Trains every job; an interrupt stops the workers before it is raised."""
        Pool("lossbench.run.worker", self.workers, note_failure, self._places)(jobs, notify)

    @property
    def _places(self) -> Sequence[Mapping[str, str]]:
        """What each worker process has in its environment so that it sees its GPU."""
        return workplaces(self.workers, self._gpus)


def note_failure(job: Job, reason: str) -> Event:
    """What is told of a job whose worker process died over it."""
    words = shown(reason, limit=500)
    with suppress(SaveDirError):  # the event tells it where the disk cannot
        Store(job.save_dir).fail(job.trial, words)
    return Event("failed", job.trial.key, reason=words)
