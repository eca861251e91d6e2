"""How long trials take: those of the default study, measured; those of the document's, as docs/speed.md has them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lossbench.api import running
from lossbench.run import Event, Processes
from lossbench.spec import Study

__all__ = ["DOCUMENT_SECONDS", "trial_times"]

DOCUMENT_SECONDS = 146 * 2 / 4
"""Of a trial of the study `course-report`, LeNet-5 for 30 epochs on CIFAR-10, on one core: docs/speed.md has 146 s for
four of them on two cores."""


def trial_times(folder: Path, workers: int = 2) -> dict[str, Any]:
    """How long the default study takes: until its first trial starts, each trial in the order of starts, all of it.

    Args:
        folder: an empty save dir.
        workers: trials side by side.
    """
    study = Study(data="digits", recipe={"precision": "fp32"})
    prepared = running.prepare(study, folder)
    began = time.perf_counter()
    started: dict[str, float] = {}
    ended: dict[str, float] = {}

    def hear(event: Event) -> None:
        now = time.perf_counter() - began
        if event.kind == "started":
            started[event.key] = now
        elif event.ends:
            ended[event.key] = now

    running.train_missing(prepared, Processes(workers), hear)
    order = sorted(started, key=lambda key: started[key])
    return {
        "workers": workers,
        "start_seconds": min(started.values()),
        "makespan_seconds": max(ended.values()),
        "trial_seconds": [round(ended[key] - started[key], 3) for key in order],
    }
