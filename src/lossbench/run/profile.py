"""Where the time of a whole run goes."""

from __future__ import annotations

import csv
import io
import time
from collections import defaultdict

from lossbench.run.job import Event
from lossbench.train import PHASES

__all__ = ["Profile"]


class Profile:
    """Adds up a run's wall time by phase: the rows sum to it.

    What workers do side by side counts by its share of the wall time: a second of one of two workers is half a second.

    Args:
        workers: how many there are.
        began: when the run began, by time.perf_counter().
    """

    def __init__(self, workers: int, began: float) -> None:
        self._workers = workers
        self._last = began
        self._own: defaultdict[str, float] = defaultdict(float)
        self._work: defaultdict[str, float] = defaultdict(float)
        self._to_start = workers

    def has_workers(self, workers: int) -> None:
        """Says how many there are, where that was not known when the run began."""
        self._to_start += workers - self._workers
        self._workers = workers

    def lap(self, phase: str) -> None:
        """Ends a phase of the command itself, which began when the last one ended; `training` is the workers'."""
        now = time.perf_counter()
        self._own[phase] += now - self._last
        self._last = now

    def heard(self, event: Event) -> None:
        """Takes in what a worker tells, while `training` lasts."""
        if event.kind == "started" and self._to_start:  # the first of each worker
            self._to_start -= 1
            self._work["process start"] += time.perf_counter() - self._last
        for phase, seconds in event.seconds.items():
            self._work[phase] += seconds

    def rows(self) -> list[tuple[str, float, float]]:
        """Phase, seconds of wall time, and share of the whole, in the order of a run."""
        training = self._own["training"]
        work: dict[str, float] = {phase: self._work[phase] / self._workers for phase in PHASES}
        left = max(0.0, training - sum(work.values()))
        start = min(left, self._work["process start"] / self._workers)  # heard late, it reached into the work
        seconds = {
            "preparing": self._own["preparing"],
            "process start": start,
            **work,
            "idle": left - start,
            "reporting": self._own["reporting"],
        }
        whole = sum(seconds.values())
        return [(phase, value, value / whole if whole else 0.0) for phase, value in seconds.items()]

    def to_csv(self) -> str:
        """The rows as a table: phase, seconds, share."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(("phase", "seconds", "share"))
        table.writerows((phase, f"{seconds:.3f}", f"{share:.4f}") for phase, seconds, share in self.rows())
        return text.getvalue()
