"""Everything that is looked at, in its order."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from lossbench.api.doctor.finding import Finding
from lossbench.api.doctor.packages import optional, versions
from lossbench.api.doctor.places import places

__all__ = ["examine"]


def examine(save_dir: str | Path = "log") -> tuple[Finding, ...]:
    """What is found on this machine; nothing is written, and nothing fetched.

    Args:
        save_dir: where results would be kept.
    """
    found = versions()
    if find_spec("torch") is not None:  # without which there is little to say, and that is said
        from lossbench.api.doctor.machine import machine
        from lossbench.api.doctor.training import training

        found += [*machine(), *training()]
    return (*found, *places(Path(save_dir)), *optional())
