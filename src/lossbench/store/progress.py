"""How far a trial is, read while somebody trains it: nothing is locked, and of a checkpoint only its head is read."""

from __future__ import annotations

import json
from dataclasses import dataclass

from safetensors import SafetensorError, safe_open

from lossbench.errors import StoreError
from lossbench.store import files
from lossbench.store.record import Row
from lossbench.store.store import Status, Store

__all__ = ["Progress", "progress"]


@dataclass(frozen=True)
class Progress:
    """How far a trial is.

    Args:
        status: as `Store.status` says.
        epochs: that are done, as far as was written down.
        seconds: that they took.
        rows: of its history so far.
        reason: why it diverged or failed; empty when it did neither.
    """

    status: Status
    epochs: int
    seconds: float
    rows: tuple[Row, ...]
    reason: str


def progress(store: Store, key: str) -> Progress:
    """What the store tells of a trial now; a file that is just being replaced counts as not there."""
    try:
        status = store.status(key)
        if status in ("finished", "diverged"):
            outcome, provenance = store.outcome(key), store.provenance(key)
            rows = store.history(key)
            return Progress(status, outcome["epochs"], provenance["seconds"], rows, str(outcome["reason"]))
        epochs, seconds, rows = _checkpoint(store, key)
        return Progress(status, epochs, seconds, rows, store.reason(key))
    except (StoreError, OSError, KeyError):
        return Progress("missing", 0, 0.0, (), "")


def _checkpoint(store: Store, key: str) -> tuple[int, float, tuple[Row, ...]]:
    """Epochs, seconds and rows of a checkpoint's head; none of them without one."""
    try:
        with safe_open(store.trial_folder(key) / "checkpoint" / "state.safetensors", "np") as file:
            head = file.metadata() or {}
        about = json.loads(head["about"])
        return about["epoch"], about["seconds"], files.history_rows(head["history"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return 0, 0.0, ()
