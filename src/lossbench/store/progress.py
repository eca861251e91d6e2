"""How far a trial is, read while somebody trains it: nothing is locked, and of a checkpoint only its head is read."""

from __future__ import annotations

from dataclasses import dataclass

from safetensors import SafetensorError, safe_open

from lossbench.errors import StoreError
from lossbench.files import check_regular
from lossbench.store import files
from lossbench.store.record import Row
from lossbench.store.sealed import unsealed
from lossbench.store.store import Status, Store

__all__ = ["Progress", "checkpoint_epochs", "checkpoint_rows", "progress"]

_UNREADABLE = (StoreError, OSError, KeyError, TypeError, ValueError, ArithmeticError)


@dataclass(frozen=True)
class Progress:
    """How far a trial is.

    Args:
        status: as `Store.status` says; `failed` too where its files are damaged.
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
    """What the store tells of a trial now; a damaged file is told as the reason, not raised."""
    try:
        return _read(store, key)
    except _UNREADABLE:  # it may have ended between two files
        try:
            return _read(store, key)
        except _UNREADABLE as error:
            told = str(error) if isinstance(error, StoreError) else f"{store.trial_folder(key)} is damaged ({error!r})"
            return Progress("failed", 0, 0.0, (), told)


def checkpoint_rows(store: Store, key: str) -> tuple[Row, ...]:
    """The rows of the history that a trial goes on from; none without a checkpoint."""
    return _checkpoint(store, key)[2]


def checkpoint_epochs(store: Store, key: str) -> int:
    """How many epochs are done in what a trial goes on from; 0 without a checkpoint."""
    return _checkpoint(store, key)[0]


def _read(store: Store, key: str) -> Progress:
    if store.finished(key):
        return _ended(store, key)
    status = store.status(key)
    epochs, seconds, rows = _checkpoint(store, key)
    if store.finished(key):  # asked after the checkpoint, which goes when the trial ends
        return _ended(store, key)
    return Progress(status, epochs, seconds, rows, store.reason(key) if status == "failed" else "")


def _ended(store: Store, key: str) -> Progress:
    kept = store.kept(key)
    outcome, seconds = kept.outcome(), float(kept.provenance["seconds"])
    status: Status = "diverged" if outcome["status"] == "diverged" else "finished"
    return Progress(status, int(outcome["epochs"]), seconds, kept.history(), str(outcome["reason"]))


def _checkpoint(store: Store, key: str) -> tuple[int, float, tuple[Row, ...]]:
    """Epochs, seconds and rows of a checkpoint's head; none of them without one."""
    try:
        check_regular(store.trial_folder(key) / "checkpoint" / "state.safetensors")
        with safe_open(store.trial_folder(key) / "checkpoint" / "state.safetensors", "np") as file:
            head = file.metadata() or {}
        about = unsealed(head["about"])
        return int(about["epoch"]), float(about["seconds"]), files.history_rows(about["history"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return 0, 0.0, ()
