"""Whose turn it is: jobs in their order, those that somebody else holds again a little later."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

__all__ = ["Turns"]

_PAUSE = 0.5  # seconds until a job that somebody else held is asked for again

W = TypeVar("W")


class Turns(Generic[W]):
    """Jobs to be taken by several threads.

    Args:
        jobs: in the order in which they are to be done.
    """

    def __init__(self, jobs: Iterable[W]) -> None:
        self._ready, self._later = deque(jobs), deque[tuple[float, W]]()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are to be taken."""
        return len(self._ready) + len(self._later)

    def put_back(self, job: W) -> None:
        """Gives back a job that somebody else holds, for it to be taken again after a pause."""
        with self._lock:
            self._later.append((time.monotonic() + _PAUSE, job))

    def take(self, *, wait: bool = True) -> W | None:
        """The next job, waiting for one that was given back if there are no others; None where none is left.

        Args:
            wait: whether to; without it, None stands for jobs whose pause is not over, too.
        """
        while True:
            with self._lock:
                if self._ready:
                    return self._ready.popleft()
                if not self._later:
                    return None
                pause = self._later[0][0] - time.monotonic()
                if pause <= 0:
                    return self._later.popleft()[1]
            if not wait:
                return None
            time.sleep(min(pause, _PAUSE))
