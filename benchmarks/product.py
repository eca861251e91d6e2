"""lossbench itself: prepared and trained through its Python surface, everything stored."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict

from benchmarks.task import Answer, Task, serve
from lossbench.api.executors import make_executor
from lossbench.api.running import prepare, train_missing
from lossbench.run import Event
from lossbench.spec import Study

__all__ = ["train"]


def train(task: Task) -> Answer:
    """Trains all seeds side by side, a worker process each, into an empty folder."""
    study = Study(
        data=task.data,
        models=[task.model],
        losses=["cross_entropy"],
        seeds=list(task.seeds),
        recipe={"epochs": task.epochs, "precision": task.precision},
    )
    stamps: defaultdict[str, list[float]] = defaultdict(list)
    ends: dict[str, float] = {}

    def notify(event: Event) -> None:
        if event.kind == "epoch":
            stamps[event.key].append(time.monotonic())  # epoch 0, the first look, is the beginning
        elif event.kind == "finished":
            ends[event.key] = time.monotonic()
        elif event.ends:
            raise RuntimeError(f"a trial has {event.kind}: {event.reason}")

    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(study, folder, device="cpu")
        train_missing(prepared, make_executor("processes", len(task.seeds)), notify)
    finishing = [ends[key] - times[-1] for key, times in stamps.items()]
    return Answer(list(stamps.values()), prepared.study.recipe.precision, finishing)


if __name__ == "__main__":
    serve(train)
