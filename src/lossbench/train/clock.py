"""Where a trial's time goes."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Literal

__all__ = ["PHASES", "Clock", "Phase"]

Phase = Literal["starting", "data", "forward", "loss", "backward", "step", "evaluation", "storing"]

PHASES: tuple[Phase, ...] = ("starting", "data", "forward", "loss", "backward", "step", "evaluation", "storing")
"""In the order of a trial; `starting` reads the data, builds the model and takes the first look."""


class Clock:
    """Adds up seconds by phase: each lap ends a phase that began when the last one ended.

    On a processor the seconds are the work's own. A GPU works on after it was told what to do, and the seconds are
    those of the telling, except where something waits for it.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._last = time.perf_counter()

    def begin(self) -> None:
        """Begins a phase now, whatever was before it; the next lap ends it."""
        self._last = time.perf_counter()

    def lap(self, phase: Phase) -> None:
        """Gives the time since the last lap to a phase."""
        now = time.perf_counter()
        self.seconds[phase] += now - self._last
        self._last = now
