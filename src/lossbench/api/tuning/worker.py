"""A worker process of a tuning: `python -m lossbench.api.tuning.worker` is served losses to tune, a JSON line each.

When its input ends it leaves at once; the loss goes on from the last attempt that its journal has whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial

from lossbench.api.tuning.blind import blind
from lossbench.api.tuning.job import TuneJob
from lossbench.api.tuning.loop import tune_loss
from lossbench.data import Pictures
from lossbench.run import Notify
from lossbench.run.worker import serve
from lossbench.store import Store

__all__ = ["main", "tune_losses"]


def main() -> None:
    """Tunes losses until the input ends."""
    serve(TuneJob.from_json, tune_losses)


def tune_losses(jobs: Iterable[TuneJob], notify: Notify) -> None:
    """Tunes losses one after another in this process."""

    @cache
    def read(save_dir: str, digest: str) -> Pictures:
        return blind(Store(save_dir).pictures(digest))

    for job in jobs:
        tune_loss(job, partial(read, job.save_dir, job.data), notify)


if __name__ == "__main__":
    main()
