"""Trials one after another in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial

import torch

from lossbench.run.drive import drive
from lossbench.run.job import Job, Notify
from lossbench.store import Store

__all__ = ["Inline", "one_thread"]


class Inline:
    """Trains in this process, one trial after another, with one thread."""

    workers = 1

    def __call__(self, jobs: Iterable[Job], notify: Notify) -> None:
        """Trains every job."""
        read = cache(lambda save_dir, digest: Store(save_dir).pictures(digest))
        with one_thread():
            for job in jobs:
                drive(job, partial(read, job.save_dir, job.trial.digests["data"]), notify)


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets torch compute with one thread: two give other bits (law 1)."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
