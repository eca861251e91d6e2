"""Everything that is looked at, in its order."""

from __future__ import annotations

from pathlib import Path

from lossbench.api.doctor.finding import Finding
from lossbench.api.doctor.packages import cannot_be_imported, optional, versions
from lossbench.api.doctor.places import places

__all__ = ["examine"]

_FIRST = frozenset(["torch", "numpy", "polars"])
"""What the rooms that look at the machine and at training import themselves."""


def examine(save_dir: str | Path = "log") -> tuple[Finding, ...]:
    """What is found on this machine; nothing is written, and nothing fetched.

    Args:
        save_dir: where results would be kept.
    """
    found = versions()
    broken = {finding.name for finding in found if finding.state == "broken"}
    if not broken & _FIRST:  # without which there is little to say, and that is said
        found += _of_torch()
    return (*found, *places(Path(save_dir)), *optional())


def _of_torch() -> list[Finding]:
    """The machine and what training would be there; each import may raise where some part is broken."""
    try:
        from lossbench.api.doctor.machine import machine
        from lossbench.api.doctor.training import training
    except Exception as error:  # whatever a broken installation raises
        return [Finding("training", "lossbench", cannot_be_imported(error), "broken", "install lossbench anew")]
    return [*machine(), *training()]
