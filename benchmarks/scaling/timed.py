"""How long something takes: repeated, the median told."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

__all__ = ["Process", "each", "process"]


def each(work: Callable[[Any], object], items: Iterable[Any]) -> float:
    """The median seconds of doing something to each item, one after the other."""
    seconds = []
    for item in items:
        began = time.perf_counter()
        work(item)
        seconds.append(time.perf_counter() - began)
    return median(seconds)


@dataclass(frozen=True)
class Process:
    """What a command took: seconds until it ended, of a processor, and its peak memory in megabytes."""

    seconds: float
    processor: float
    megabytes: float


def process(*words: str) -> Process:
    """Runs lossbench in a process of its own."""
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "lossbench", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, ["lossbench", *words])
    return Process(time.perf_counter() - began, used.ru_utime + used.ru_stime, _megabytes(used))


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
