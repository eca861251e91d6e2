"""What the process that hands out trials spends per event, as `lossbench run` hears it."""

from __future__ import annotations

import io
import time

from rich.console import Console

from lossbench.cli.progress import Lines
from lossbench.run import Event, Profile

__all__ = ["driver_costs"]


def driver_costs(trials: int = 2_000, epochs: int = 30) -> dict[str, float]:
    """Seconds per event of an epoch and of an end, with all that a run without a tracker does with them."""
    keys = {str(number): f"cross_entropy seed {number}" for number in range(trials)}
    profile, lines = Profile(1, time.perf_counter()), Lines(Console(file=io.StringIO()), keys, epochs)
    metrics = {f"{split}/{name}": 0.5 for split in ("train", "test") for name in ("loss", "accuracy", "f1", "nll")}
    events = [Event("epoch", key, epoch, 0.5, metrics=metrics) for key in keys for epoch in range(1, epochs + 1)]
    ends = [Event("finished", key, epochs, seconds={"training": 1.0}) for key in keys]
    costs = {}
    for name, some in (("epoch_event_seconds", events), ("end_event_seconds", ends)):
        began = time.perf_counter()
        for event in some:
            profile.heard(event)
            lines(event)
        costs[name] = (time.perf_counter() - began) / len(some)
    return costs
