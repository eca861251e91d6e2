"""Where and when a trial ran; never part of its key."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import lossbench
from lossbench.data import Part, Pictures
from lossbench.native import library
from lossbench.run.job import Job

__all__ = ["machine", "processor", "provenance"]


def provenance(
    job: Job, started: datetime, seconds: float, pictures: Pictures, parts: Mapping[str, Part]
) -> dict[str, Any]:
    """What a trial's provenance.json says beside the digests of its files."""
    return {
        **machine(),
        "device": torch.cuda.get_device_name() if job.device.startswith("cuda") else job.device,
        "threads": torch.get_num_threads(),
        "compiled": job.device == "cpu" and library() is not None,
        "precision": job.trial.recipe.precision,
        "data": {
            "name": pictures.name,
            "path": job.data_path,
            **{name: len(part) for name, part in parts.items()},
        },
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
    }


@cache
def machine() -> dict[str, str]:
    """Versions and processor: the same for every trial of a process."""
    return {
        "lossbench": _version("lossbench"),
        "commit": _commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": _version("numpy"),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
    }


def _version(name: str) -> str:
    """A package's version; a source tree that was never installed has none, which must not cost a trained trial."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def processor() -> str:
    """The processor's name; platform.processor() is empty on many Linux systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _commit() -> str:
    """The commit of a source checkout that lossbench runs from; empty for an installed package."""
    root = Path(lossbench.__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
