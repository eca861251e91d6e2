"""Folders of trials: claim, checkpoint, finish, read."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock, Timeout

from lossbench.data import Part, Pictures, read_pictures, write_labels, write_pictures
from lossbench.errors import HeldError, StoreError
from lossbench.files import check_writable, holds, read_regular, sweep, write_atomically, writing
from lossbench.spec import Trial
from lossbench.store import files
from lossbench.store.adopted import check_adoptable, noted_prepared
from lossbench.store.aside import set_aside
from lossbench.store.contents import json_text, trial_contents
from lossbench.store.format import NAME as FORMAT_NOTE
from lossbench.store.format import check_format, format_fault, note_format
from lossbench.store.kept import PROVENANCE, Kept
from lossbench.store.measured import METRICS, Measured, measured_name, measured_text
from lossbench.store.prepared import prepared_bytes, prepared_name
from lossbench.store.record import Record, Row
from lossbench.store.sealed import sealed, unsealed

__all__ = ["Status", "Store"]

_STUDY = ("study.json", "study.yaml")  # the second alone in format 1

RESIZED = "-resized"  # behind the name of a source whose pictures were of other sizes
LOCK = "claim.lock"
FAILURE = "failure.json"
CHECKPOINT = Path("checkpoint", "state.safetensors")

Status = Literal["finished", "diverged", "failed", "running", "missing"]


class Store:
    """A save dir.

    `trials/<key>/` holds a trial, `data/<digest>/` decoded pictures, `studies/<name>/` what a study says of its trials.
    A trial is finished when its provenance.json is there, which is written last. What was found damaged lies in
    `damaged/`.

    Args:
        root: the save dir; it is made with the first thing written.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._whole: set[Path] = set()  # folders of pictures that were read from their first pixel to their last
        self._drawn: set[tuple[str, str]] = set()  # files of what scenarios drew, with the SHA-256 that they have

    def check(self) -> None:
        """Raises a SaveDirError where a later lossbench wrote the save dir."""
        check_format(self.root)

    def faults(self) -> dict[str, str]:
        """What is wrong with the file that bears the save dir's format, by its name; empty where nothing is."""
        fault = format_fault(self.root)
        return {FORMAT_NOTE: fault} if fault else {}

    def note_format(self) -> None:
        """Writes the format, where the save dir does not say it."""
        with self._writing():
            note_format(self.root)

    @property
    def begun(self) -> bool:
        """Whether the save dir is there, with something that was written into it."""
        return (self.root / FORMAT_NOTE).exists() or (self.root / "trials").exists()

    def check_writable(self) -> None:
        """Raises a SaveDirError unless the save dir can be made and written; leaves nothing behind."""
        self.check()
        for folder in (self.root, *(self.root / name for name in ("data", "trials", "studies"))):
            check_writable("--save-dir", folder)

    def _writing(self) -> AbstractContextManager[None]:
        """Where the system says that something cannot be written, a SaveDirError says so."""
        return writing("--save-dir", self.root)

    # studies

    @contextmanager
    def writing_study(self, name: str) -> Iterator[None]:
        """Holds a study's folder, which is made, while it is written: two runs of a study take turns."""
        folder = self.study_folder(name)
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            held = FileLock(folder / "study.lock").acquire()
        with held:
            sweep(folder)
            yield

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Holds the save dir while it is settled what is needed: by a run that names its trials, and by pruning."""
        with self._writing():
            self.root.mkdir(parents=True, exist_ok=True)
            held = FileLock(self.root / "store.lock").acquire()
        with held:
            yield

    def study_folder(self, name: str) -> Path:
        """Where a study's tables, figures and report lie."""
        return self.root / "studies" / name

    def study_names(self) -> list[str]:
        """The studies in this save dir."""
        return sorted({path.parent.name for path in (self.root / "studies").glob("*/study.*") if path.name in _STUDY})

    # data

    def find_pictures(self, fingerprint: str) -> Pictures | None:
        """The decoded pictures of a source, if they were put here and are whole."""
        for note in sorted((self.root / "data").glob(f"*/sources/{fingerprint}*")):
            if note.name not in (fingerprint, fingerprint + RESIZED):
                continue
            try:
                return replace(self._read_whole(note.parent.parent), resized=note.name.endswith(RESIZED))
            except StoreError:
                continue
        return None

    def put_pictures(self, pictures: Pictures, fingerprint: str) -> None:
        """Keeps decoded pictures with the labels that they carry, and notes which source they came from."""
        folder = self.root / "data" / pictures.digest
        with self._writing():
            note_format(self.root)
            sweep(self.root, of=FORMAT_NOTE, below=False)
            folder.parent.mkdir(parents=True, exist_ok=True)
        alone = FileLock(folder.with_suffix(".lock"))  # two runs that begin together shall not undo each other's copy
        with self._writing(), alone:
            for draft in folder.parent.glob(f".{folder.name}.*"):
                shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed: who writes one holds the lock
            try:
                self._read_whole(folder)
            except StoreError:
                shutil.rmtree(folder, ignore_errors=True)  # a damaged copy; what is whole is at hand
                write_pictures(pictures, folder)
            sweep(folder)
            write_labels(pictures, folder)
            (folder / "sources").mkdir(exist_ok=True)
            write_atomically(folder / "sources" / f"{fingerprint}{RESIZED if pictures.resized else ''}", "")

    def pictures(self, digest: str, *, every_pixel: bool = False) -> Pictures:
        """The decoded pictures of a digest, memory-mapped; held against it to the last pixel if that is asked for.

        Raises:
            StoreError: they are missing or damaged.
        """
        pictures = read_pictures(self.root / "data" / digest, every_pixel=every_pixel)
        if pictures.digest != digest:
            raise StoreError(f"{self.root / 'data' / digest} holds the pictures of another digest, {pictures.digest}")
        return pictures

    def _read_whole(self, folder: Path) -> Pictures:
        """Pictures of which every pixel is as it was written, or a StoreError."""
        pictures = read_pictures(folder, every_pixel=folder not in self._whole)
        self._whole.add(folder)
        return pictures

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
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != content:
                write_atomically(path, content)
        return {"file": file.as_posix(), "sha256": hashlib.sha256(content).hexdigest()}

    def prepared_faults(self, key: str) -> dict[str, str]:
        """What is wrong with the file of what the scenario of a trial that has ended drew, by the file.

        Empty where nothing is wrong, or nothing was drawn.
        """
        try:
            noted = noted_prepared(self.kept(key))
        except StoreError as error:
            return {f"trials/{key}/{PROVENANCE}": error.why}
        for file, sha256 in noted.items():
            if (file, sha256) in self._drawn:  # which many trials share
                continue
            try:
                content = read_regular(self.root / file)
            except OSError as error:
                return {file: f"it cannot be read ({error.strerror})"}
            if hashlib.sha256(content).hexdigest() != sha256:
                return {file: "its SHA-256 is not the one that the trials were made with"}
            self._drawn.add((file, sha256))
        return {}

    # trials

    def trial_folder(self, key: str) -> Path:
        """Where a trial's files lie."""
        return self.root / "trials" / key

    def finished(self, key: str) -> bool:
        """Whether a trial has ended, finished or diverged.

        Raises:
            StoreError: its folder may not be looked into.
        """
        path = self.trial_folder(key) / PROVENANCE
        try:
            return path.exists()
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}", error.strerror or "") from None

    def status(self, key: str) -> Status:
        """How far a trial is; what says how one ended must be whole.

        Raises:
            StoreError: it has ended, and the file that says how is damaged.
        """
        folder = self.trial_folder(key)
        if self.finished(key):
            return "diverged" if self.outcome(key)["status"] == "diverged" else "finished"
        if self._claimed(key):
            return "running"
        return "failed" if (folder / FAILURE).exists() else "missing"

    @contextmanager
    def claim(self, trial: Trial) -> Iterator[None]:
        """Holds a trial while it is trained. A claim dies with its process.

        Raises:
            HeldError: somebody else holds it.
        """
        folder = self.trial_folder(trial.key)
        with self.hold(trial.key):
            with self._writing():
                text = json_text(trial.canonical())
                if not self.finished(trial.key) and not holds(folder / "trial.json", text):
                    write_atomically(folder / "trial.json", text)
            yield

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Holds a trial's folder, which is made, and says nothing of the trial in it; else as `claim`.

        Raises:
            HeldError: somebody else holds it.
        """
        folder = self.trial_folder(key)
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            try:
                held = FileLock(folder / LOCK, timeout=0).acquire()
            except Timeout:
                raise HeldError(key) from None
        with held:
            with self._writing():
                sweep(folder)
            yield

    def save_checkpoint(
        self, key: str, record: Record, state: Mapping[str, np.ndarray], epoch: int, seconds: float
    ) -> None:
        """Keeps what a trial goes on from: one file, so that no two of its parts can disagree."""
        self.put_checkpoint(key, files.checkpoint_bytes(record, state, epoch, seconds))

    def put_checkpoint(self, key: str, content: bytes) -> None:
        """Keeps what a trial goes on from, as `checkpoint` gave it here or on another machine."""
        path = self.trial_folder(key) / CHECKPOINT
        with self._writing():
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, content)

    def checkpoint(self, key: str) -> bytes | None:
        """The file that a trial goes on from, for another machine to do so; None where there is none.

        It carries its digest, against which it is held when it is loaded.
        """
        try:
            return read_regular(self.trial_folder(key) / CHECKPOINT)
        except OSError:
            return None

    def load_checkpoint(self, key: str) -> tuple[Record, dict[str, np.ndarray], int, float] | None:
        """Record, state, epoch and seconds so far; None without a checkpoint or with a damaged one."""
        try:
            return files.read_checkpoint(self.trial_folder(key) / CHECKPOINT)
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
        contents = trial_contents(trial, record, targets, provenance, weights)
        with self._writing():
            for name, content in contents.items():
                write_atomically(folder / name, content)
        self.tidy(trial.key)

    def adopt(self, trial: Trial, contents: Mapping[str, bytes], prepared: Mapping[str, bytes]) -> None:
        """Takes over the files of a trial that has ended elsewhere, its provenance last, and drops its checkpoint.

        To be called by whoever holds the trial's claim. Nothing is written unless every file is as its provenance says.

        Args:
            trial: which.
            contents: the files of its folder by name, `provenance.json` among them.
            prepared: what its scenario drew, by its path below the save dir.

        Raises:
            StoreError: a file is missing, damaged, or of another trial.
        """
        check_adoptable(trial, contents, prepared)
        folder = self.trial_folder(trial.key)
        drawn = {self.root / file: content for file, content in prepared.items()}
        names = [*(name for name in contents if name != PROVENANCE), PROVENANCE]
        paths = {**drawn, **{folder / name: contents[name] for name in names}}
        with self._writing():
            for path, content in paths.items():
                path.parent.mkdir(parents=path in drawn, exist_ok=True)
                if path not in drawn or not path.exists() or path.read_bytes() != content:
                    write_atomically(path, content)
        self.tidy(trial.key)

    def ended_files(self, key: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """The files of a trial that has ended by name, and what its scenario drew: what `adopt` takes over.

        Raises:
            StoreError: one is missing or damaged.
        """
        kept = self.kept(key)
        contents = {name: kept.read(name) for name in kept.provenance["digests"]}
        contents[PROVENANCE] = read_regular(kept.folder / PROVENANCE)
        try:
            return contents, {file: read_regular(self.root / file) for file in noted_prepared(kept)}
        except OSError as error:
            raise files.damaged(self.root, error, "it is drawn anew") from None

    def put_metric(self, key: str, measured: Measured) -> None:
        """Keeps what a metric of the user's own gave for a trial that has ended."""
        folder = self.trial_folder(key) / METRICS
        with self._writing():
            folder.mkdir(exist_ok=True)
            write_atomically(folder / measured_name(measured.path, measured.source), measured_text(measured))

    def tidy(self, key: str) -> None:
        """Drops what a finished trial needs no more; a crash may have come between its last file and this."""
        with self._writing():
            shutil.rmtree(self.trial_folder(key) / "checkpoint", ignore_errors=True)
            self.forgive(key)

    def untidy(self, key: str) -> bool:
        """Whether a crash came between a trial's last file and the tidying up."""
        folder = self.trial_folder(key)
        return self.finished(key) and ((folder / "checkpoint").exists() or (folder / FAILURE).exists())

    def forgive(self, key: str) -> None:
        """Drops the note that a trial failed, so that it is tried again."""
        with self._writing():
            (self.trial_folder(key) / FAILURE).unlink(missing_ok=True)

    def fail(self, trial: Trial, reason: str, *, for_good: bool = False) -> None:
        """Notes why a trial could not be trained.

        Args:
            trial: which.
            reason: in words.
            for_good: whether it would fail in the same way again, so that the next run leaves it alone unless it is
                told to try; otherwise the next run tries it.
        """
        folder = self.trial_folder(trial.key)
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / FAILURE, sealed({"reason": reason, "for_good": for_good}))

    def failed_for_good(self, key: str) -> bool:
        """Whether a trial that has not ended failed in a way that the next run would only repeat."""
        return not self.finished(key) and bool(self._failure(key).get("for_good"))

    def verify(self, key: str) -> tuple[tuple[str, ...], dict[str, str]]:
        """The names of the files of a trial that has ended, and what is wrong with those that are damaged."""
        kept = self.kept(key)
        faults = kept.faults()
        return ((PROVENANCE,) if PROVENANCE in faults else (PROVENANCE, *kept.provenance["digests"])), faults

    def set_aside(self, key: str) -> Path:
        """Moves the files of a trial that has ended out of the way, for it to be trained anew; gives where to.

        To be called by whoever holds the trial's claim.
        """
        folder = self.trial_folder(key)
        with self._writing():
            aside = set_aside(self.root, folder / PROVENANCE)  # first: without it the trial has not ended
            for path in sorted(folder.iterdir()):
                if path.name != LOCK:
                    path.replace(aside / path.name)
        return aside

    # reading

    def kept(self, key: str) -> Kept:
        """The files of an ended trial, for whoever reads several: its provenance is read once."""
        return Kept(self.trial_folder(key))

    def outcome(self, key: str) -> dict[str, Any]:
        """Status, epochs, selected epoch and reason of an ended trial."""
        return self.kept(key).outcome()

    def reason(self, key: str) -> str:
        """Why a trial diverged or failed; empty when it did neither."""
        if self.finished(key):
            return str(self.outcome(key)["reason"])
        return str(self._failure(key).get("reason", ""))

    def history(self, key: str) -> tuple[Row, ...]:
        """The rows of an ended trial's history."""
        return self.kept(key).history()

    def counts(self, key: str) -> dict[tuple[int, str], np.ndarray]:
        """An ended trial's confusion counts by (epoch, split), as `Record.counts`."""
        return self.kept(key).counts()

    def logits(self, key: str) -> dict[str, np.ndarray]:
        """An ended trial's logits and targets: `test.last`, `test.target`, ...

        Where its loss's probabilities are not the softmax of the logits, `test.last.log_probabilities` and the like
        too; trials finished before these were kept lack them.
        """
        return self.kept(key).logits()

    def provenance(self, key: str) -> dict[str, Any]:
        """Where and when an ended trial ran."""
        return self.kept(key).provenance

    def _failure(self, key: str) -> dict[str, Any]:
        """What was noted of a failed trial; of a damaged note, that it is damaged."""
        path = self.trial_folder(key) / FAILURE
        try:
            return unsealed(read_regular(path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            return {"reason": f"{path} is damaged ({error})"}

    def _claimed(self, key: str) -> bool:
        path = self.trial_folder(key) / LOCK
        if not path.is_file() or not os.access(path, os.W_OK):
            return False
        lock = FileLock(path, timeout=0)
        try:
            with lock:
                return False
        except Timeout:
            return True
        except OSError:  # something that is no lock: nobody holds it
            return False
