"""How much memory a worker of `lossbench run` needs: its proportional set size, as Linux tells it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.processes import environment
from benchmarks.study import run_command
from benchmarks.table import markdown

__all__ = ["memory_table", "peaks", "worker_peaks"]

WORKERS = 2
_EVERY = 0.2  # seconds


def worker_peaks(data: str, epochs: int) -> list[float]:
    """The peak of each worker, megabytes, while the study is trained with two.

    Args:
        data: what `--data` is told.
        epochs: of each trial; memory does not grow with them.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        return peaks(run_command(data, epochs, folder, "--workers", str(WORKERS)))


def peaks(command: list[str]) -> list[float]:
    """The peak of every child process that runs lossbench, megabytes, in the order in which they were started."""
    found: dict[int, float] = {}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment())
    try:
        while process.poll() is None:
            for child in _children(process.pid):
                found[child] = max(found.get(child, 0.0), _megabytes(child))
            time.sleep(_EVERY)
    finally:
        process.kill()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return [found[child] for child in sorted(found)]


def memory_table(measured: list[float]) -> str:
    """The heading and table of the workers' peaks."""
    rows = [[str(number), f"{peak:,.0f}"] for number, peak in enumerate(measured, start=1)]
    heading = f"### Memory with {WORKERS} workers: peak proportional set size"
    return f"{heading}\n\n{markdown(['worker', 'MB'], rows)}"


def _children(parent: int) -> list[int]:
    """The children that run lossbench; a worker is the child of the thread that started it."""
    files = Path("/proc", str(parent), "task").glob("*/children")
    children = [int(word) for file in files for word in _read(file).split()]
    return [child for child in children if "lossbench" in _read(Path("/proc", str(child), "cmdline"))]


def _megabytes(pid: int) -> float:
    """The proportional set size: pages that several processes share count in equal parts. 0 of a process that ended."""
    lines = _read(Path("/proc", str(pid), "smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def _read(file: Path) -> str:
    """A file of /proc; empty once its process has ended."""
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
