"""Folders of trials: claim, checkpoint, finish, read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock, Timeout

from lossbench.data import Part, Pictures, read_pictures, write_labels, write_pictures
from lossbench.errors import SaveDirError, StoreError
from lossbench.files import write_atomically
from lossbench.spec import Trial
from lossbench.store import files
from lossbench.store.prepared import prepared_bytes, prepared_name
from lossbench.store.record import Record, Row

__all__ = ["Status", "Store"]

Status = Literal["finished", "diverged", "failed", "running", "missing"]


class Store:
    """A save dir.

    `trials/<key>/` holds a trial, `data/<digest>/` decoded pictures, `studies/<name>/` what a study says of its trials.
    A trial is finished when its provenance.json is there, which is written last.

    Args:
        root: the save dir; it is made with the first thing written.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def check_writable(self) -> None:
        """Raises a SaveDirError unless the save dir can be made and written; leaves nothing behind."""
        for folder in (self.root, *(self.root / name for name in ("data", "trials", "studies"))):
            _check_writable(folder)

    # studies

    def study_folder(self, name: str) -> Path:
        """Where a study's tables, figures and report lie."""
        return self.root / "studies" / name

    def study_names(self) -> list[str]:
        """The studies in this save dir."""
        return sorted(path.parent.name for path in (self.root / "studies").glob("*/study.yaml"))

    # data

    def find_pictures(self, fingerprint: str) -> Pictures | None:
        """The decoded pictures of a source, if they were put here and are whole."""
        for note in sorted((self.root / "data").glob(f"*/sources/{fingerprint}")):
            try:
                return read_pictures(note.parent.parent)
            except StoreError:
                continue
        return None

    def put_pictures(self, pictures: Pictures, fingerprint: str) -> None:
        """Keeps decoded pictures with the labels that they carry, and notes which source they came from."""
        folder = self.root / "data" / pictures.digest
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):  # two runs that begin together shall not undo each other's copy
            try:
                read_pictures(folder)
            except StoreError:
                shutil.rmtree(folder, ignore_errors=True)  # a damaged copy; what is whole is at hand
                write_pictures(pictures, folder)
            write_labels(pictures, folder)
            (folder / "sources").mkdir(exist_ok=True)
            write_atomically(folder / "sources" / fingerprint, "")

    def pictures(self, digest: str) -> Pictures:
        """The decoded pictures of a digest, memory-mapped.

        Raises:
            StoreError: they are missing or damaged.
        """
        return read_pictures(self.root / "data" / digest)

    def put_prepared(self, trial: Trial, parts: Mapping[str, Part]) -> dict[str, str]:
        """Keeps what a trial's scenario drew; gives the file, below the save dir, and its SHA-256.

        Trials with the same scenario and split seed share a file. A scenario that draws nothing has none, and gives
        nothing.

        Args:
            trial: whose scenario it is.
            parts: what `prepare` made of it.
        """
        name, content = prepared_name(trial), prepared_bytes(parts)
        if not name:
            return {}
        file = Path("data", trial.digests["data"], "prepared", name)
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)
        return {"file": file.as_posix(), "sha256": hashlib.sha256(content).hexdigest()}

    # trials

    def trial_folder(self, key: str) -> Path:
        """Where a trial's files lie."""
        return self.root / "trials" / key

    def finished(self, key: str) -> bool:
        """Whether a trial has ended, finished or diverged."""
        return (self.trial_folder(key) / "provenance.json").exists()

    def status(self, key: str) -> Status:
        """How far a trial is."""
        folder = self.trial_folder(key)
        if self.finished(key):
            return "diverged" if self.outcome(key)["status"] == "diverged" else "finished"
        if self._claimed(key):
            return "running"
        return "failed" if (folder / "failure.json").exists() else "missing"

    @contextmanager
    def claim(self, trial: Trial) -> Iterator[None]:
        """Holds a trial while it is trained, waiting for whoever holds it. A claim dies with its process."""
        folder = self.trial_folder(trial.key)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "claim.lock"):
            if not (folder / "trial.json").exists():
                write_atomically(folder / "trial.json", _json(trial.canonical()))
            yield

    def save_checkpoint(
        self, key: str, record: Record, state: Mapping[str, np.ndarray], epoch: int, seconds: float
    ) -> None:
        """Keeps what a trial goes on from: one file, so that no two of its parts can disagree."""
        folder = self.trial_folder(key) / "checkpoint"
        folder.mkdir(exist_ok=True)
        write_atomically(folder / "state.safetensors", files.checkpoint_bytes(record, state, epoch, seconds))

    def load_checkpoint(self, key: str) -> tuple[Record, dict[str, np.ndarray], int, float] | None:
        """Record, state, epoch and seconds so far; None without a checkpoint or with a damaged one."""
        try:
            return files.read_checkpoint(self.trial_folder(key) / "checkpoint" / "state.safetensors")
        except StoreError:
            return None

    def finish(
        self,
        trial: Trial,
        record: Record,
        targets: Mapping[str, np.ndarray],
        provenance: Mapping[str, Any],
        weights: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Writes a trial's results, its provenance last, and drops its checkpoint."""
        folder = self.trial_folder(trial.key)
        linked = {f"{name}.log_probabilities": values for name, values in record.log_probabilities.items()}
        logits = {**record.logits, **linked, **{f"{split}.target": target for split, target in targets.items()}}
        contents: dict[str, bytes | str] = {
            "history.csv": files.history_text(record.rows),
            "counts.npz": files.counts_bytes(record),
            "logits.safetensors": files.tensors_bytes(logits),
            "outcome.json": _json(record.outcome()),
        }
        if weights is not None:
            contents["weights.safetensors"] = files.tensors_bytes(weights)
        for name, content in contents.items():
            write_atomically(folder / name, content)
        names = ["trial.json", *contents]
        digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
        write_atomically(folder / "provenance.json", _json({**provenance, "digests": digests}))
        self.tidy(trial.key)

    def tidy(self, key: str) -> None:
        """Drops what a finished trial needs no more; a crash may have come between its last file and this."""
        shutil.rmtree(self.trial_folder(key) / "checkpoint", ignore_errors=True)
        (self.trial_folder(key) / "failure.json").unlink(missing_ok=True)

    def fail(self, trial: Trial, reason: str) -> None:
        """Notes why a trial could not be trained; the next run tries it again."""
        folder = self.trial_folder(trial.key)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "failure.json", _json({"reason": reason}))

    # reading

    def outcome(self, key: str) -> dict[str, Any]:
        """Status, epochs, selected epoch and reason of an ended trial."""
        return dict(files.read_json(self.trial_folder(key) / "outcome.json"))

    def reason(self, key: str) -> str:
        """Why a trial diverged or failed; empty when it did neither."""
        if self.finished(key):
            return str(self.outcome(key)["reason"])
        path = self.trial_folder(key) / "failure.json"
        return str(files.read_json(path)["reason"]) if path.exists() else ""

    def history(self, key: str) -> tuple[Row, ...]:
        """The rows of an ended trial's history."""
        return files.read_history(self.trial_folder(key) / "history.csv")

    def counts(self, key: str) -> dict[tuple[int, str], np.ndarray]:
        """An ended trial's confusion counts by (epoch, split), as `Record.counts`."""
        return files.read_counts(self.trial_folder(key) / "counts.npz")

    def logits(self, key: str) -> dict[str, np.ndarray]:
        """An ended trial's logits and targets: `test.last`, `test.target`, ...

        Where its loss's probabilities are not the softmax of the logits, `test.last.log_probabilities` and the like
        too; trials finished before these were kept lack them.
        """
        return files.read_tensors(self.trial_folder(key) / "logits.safetensors")[0]

    def provenance(self, key: str) -> dict[str, Any]:
        """Where and when an ended trial ran."""
        return dict(files.read_json(self.trial_folder(key) / "provenance.json"))

    def _claimed(self, key: str) -> bool:
        path = self.trial_folder(key) / "claim.lock"
        if not path.exists() or not os.access(path, os.W_OK):
            return False
        lock = FileLock(path, timeout=0)
        try:
            with lock:
                return False
        except Timeout:
            return True


def _check_writable(folder: Path) -> None:
    """Tries the folder, or while it does not exist the nearest one above it."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        if not place.is_dir():
            raise NotADirectoryError(None, f"{place} is a file")
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        allowed = "a folder that can be written"
        raise SaveDirError("--save-dir", allowed, str(folder), error.strerror or "") from None


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
