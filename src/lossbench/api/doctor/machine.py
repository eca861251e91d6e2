"""The machine: processor, cores, memory, accelerator."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import torch

from lossbench.api.doctor.finding import Finding
from lossbench.run import usable_cores
from lossbench.run.provenance import processor

__all__ = ["features", "machine"]

_SHOWN = {
    "avx2": "AVX2",
    "avx512_f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_bf16": "AVX-512 bf16",
    "amx_tile": "AMX",
    "amx_bf16": "AMX bf16",
    "sve": "SVE",
    "bf16": "bf16",
}
"""Instructions that speed up training, by torch's names for them."""


def machine() -> list[Finding]:
    """What it computes with."""
    all_cores = os.cpu_count() or 1
    cores = usable_cores()
    return [
        Finding("machine", "system", platform.platform()),
        Finding("machine", "processor", processor()),
        Finding("machine", "features", ", ".join(features()) or "none of those that torch tells of"),
        Finding("machine", "cores", f"{cores} usable" + (f" of {all_cores}" if cores != all_cores else "")),
        Finding("machine", "memory", _memory()),
        Finding("machine", "accelerator", _accelerator()),
    ]


def features() -> list[str]:
    """Instructions of the processor, as torch tells of them."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older torch does not tell
    return [words for name, words in _SHOWN.items() if capabilities.get(name)]


def _memory() -> str:
    """In all and available; Linux alone says the latter."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        sizes = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
        return f"{_gigabytes(sizes['MemTotal'])}, {_gigabytes(sizes['MemAvailable'])} available"
    except (OSError, KeyError, ValueError):
        return _whole_memory()


def _whole_memory() -> str:
    try:
        return _gigabytes(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return "unknown"


def _accelerator() -> str:
    if torch.cuda.is_available():
        size = torch.cuda.get_device_properties(0).total_memory
        more = torch.cuda.device_count() - 1
        return f"{torch.cuda.get_device_name(0)}, {_gigabytes(size)}" + (f", and {more} more" if more else "")
    if torch.backends.mps.is_available():
        return "Metal (mps), which --device mps takes"
    return "none that torch sees"


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
