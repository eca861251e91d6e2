"""What the figures were measured on, and with what."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lossbench.run import usable_cores
from lossbench.run.provenance import machine

__all__ = ["describe"]


def describe() -> dict[str, Any]:
    """Date, cores, load, processor and versions, as a trial's provenance has them, and the peers' versions.

    The load is the machine's own before anything is measured, averaged over a minute: a busy machine slows contenders
    with several threads out of all proportion, for these wait for each other.
    """
    peers = {name: _version(name) for name in ("pytorch-lightning", "skorch")}
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {"date": date, "cores": usable_cores(), "load": round(os.getloadavg()[0], 2), **machine(), **peers}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
