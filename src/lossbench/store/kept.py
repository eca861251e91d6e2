"""The files of a trial that has ended, each held against the digest that its provenance names."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from lossbench.errors import StoreError, shown
from lossbench.files import read_regular
from lossbench.spec import Trial, key_of
from lossbench.store import files
from lossbench.store.format import newer
from lossbench.store.measured import METRICS, Measured, measured_name, measured_of
from lossbench.store.record import Row
from lossbench.store.sealed import NewerError, sealed, unsealed

__all__ = ["PROVENANCE", "WEIGHTS", "Kept", "provenance_text"]

T = TypeVar("T")

PROVENANCE = "provenance.json"
"""Written last: a trial without it has not ended."""

WEIGHTS = "weights.safetensors"
"""Of a trial that was run with --keep-weights."""

_PLAIN = re.compile(r"[a-z][a-z_]*[.][a-z]+")
_NO_RESULTS = ("claim.lock", "failure.json", PROVENANCE)

_ALWAYS = ("trial.json", "history.csv", "counts.npz", "logits.safetensors", "outcome.json")


class Kept:
    """A trial's folder, read.

    Readers raise a StoreError where a file is missing or damaged, a SaveDirError where a later lossbench wrote it.

    Args:
        folder: the trial's, which bears its key.
        reader: gives what a file of it holds; others than the disk's are for files that are on none yet.
    """

    def __init__(self, folder: Path, reader: Callable[[Path], bytes] = read_regular) -> None:
        self.folder, self._reader = folder, reader

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Where and when the trial ran, and the digests of its files."""
        try:
            found = unsealed(self._provenance)
            digests = found["digests"]
            if not all(isinstance(digests[name], str) for name in _ALWAYS):
                raise ValueError("it does not name the digests of all files")
            if not _is_number(found["seconds"]):
                raise ValueError("it does not say how long the trial took")
        except NewerError as error:
            raise newer(self.folder / PROVENANCE, error) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._damaged(PROVENANCE, error) from None
        return found

    @cached_property
    def _provenance(self) -> bytes:
        """The file, read once; the error that it cannot be is raised by whoever understands it."""
        return self._reader(self.folder / PROVENANCE)

    def contents(self) -> dict[str, bytes]:
        """What all files of the trial hold, provenance last, each held against its digest; read once.

        Raises:
            StoreError: one is missing or damaged, or belongs to another trial.
        """
        found = {}
        for name in self.provenance["digests"]:
            if not _PLAIN.fullmatch(name) or name in _NO_RESULTS:
                raise self._damaged(PROVENANCE, f"it names a file {shown(name)}")
            found[name] = self.read(name)
        self._check_key(found["trial.json"])
        return {**found, PROVENANCE: self._provenance}

    def read(self, name: str) -> bytes:
        """What a file holds, if that is what was written."""
        try:
            content = self._reader(self.folder / name)
        except OSError as error:
            raise self._damaged(name, error) from None
        if _sha256(content) != self.provenance["digests"].get(name):
            raise self._damaged(name, "its SHA-256 is not the one in provenance.json")
        return content

    def outcome(self) -> dict[str, Any]:
        """Status, epochs, selected epoch and reason."""
        return self._understood("outcome.json", _outcome)

    def history(self) -> tuple[Row, ...]:
        """The rows of its history."""
        return self._understood("history.csv", lambda content: files.history_rows(content.decode()))

    def counts(self) -> dict[tuple[int, str], np.ndarray]:
        """Confusion counts by (epoch, split), as `Record.counts`."""
        return self._understood("counts.npz", files.counts_of)

    def logits(self) -> dict[str, np.ndarray]:
        """Logits and targets by name."""
        return self._understood("logits.safetensors", files.tensors_of)

    def metric(self, path: str, source: str) -> Measured | None:
        """What a metric of the user's own gave; None where it was not computed, or of other logits than there are.

        Args:
            path: `module:function`.
            source: the digest of its source.

        Raises:
            StoreError: the file is damaged.
        """
        name = f"{METRICS}/{measured_name(path, source)}"
        try:
            found = measured_of(read_regular(self.folder / name))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise files.damaged(self.folder / name, error, "it is computed again") from None
        whole = (found.path, found.source, found.logits) == (path, source, self.logits_digest)
        return found if whole else None

    def metric_faults(self) -> dict[str, str]:
        """What is wrong with the files of own metrics, by name."""
        found = {}
        for file in sorted((self.folder / METRICS).glob("*.json")):
            try:
                told = measured_of(read_regular(file))
                if measured_name(told.path, told.source) != file.name:
                    raise ValueError("it is of another metric")
            except (OSError, ValueError) as error:
                found[f"{METRICS}/{file.name}"] = shown(str(error))
        return found

    @property
    def logits_digest(self) -> str:
        """The SHA-256 of its logits, which values that were computed from them name."""
        return str(self.provenance["digests"]["logits.safetensors"])

    @property
    def has_weights(self) -> bool:
        """Whether its last weights were kept."""
        return WEIGHTS in self.provenance["digests"]

    def weights(self) -> dict[str, np.ndarray]:
        """The last weights and running statistics by their names in the model's state_dict."""
        return self._understood(WEIGHTS, files.tensors_of)

    def trial(self) -> Trial:
        """What was trained."""
        return self._understood("trial.json", lambda content: Trial.from_canonical(json.loads(content)))

    def faults(self) -> dict[str, str]:
        """What is wrong with the files, by name; empty where all are as they were written."""
        try:
            names = [name for name in self.provenance["digests"] if Path(name).name == name]
        except StoreError as error:
            return {PROVENANCE: error.why}
        found = {}
        for name in names:
            try:
                content = self.read(name)
                if name == "trial.json":
                    self._check_key(content)
            except StoreError as error:
                found[name] = error.why
        return found

    def _check_key(self, content: bytes) -> None:
        """Raises an error where the trial that trial.json describes is another one."""
        try:
            described = key_of(json.loads(content))
        except (ValueError, TypeError, RecursionError) as error:
            raise self._damaged("trial.json", error) from None
        if described != self.folder.name:
            raise self._damaged("trial.json", "it describes another trial")

    def _understood(self, name: str, reader: Callable[[bytes], T]) -> T:
        content = self.read(name)
        try:
            return reader(content)
        except Exception as error:  # of a store that was made by hand: its files may hold anything
            raise self._damaged(name, f"{type(error).__name__}: {error}") from error

    def _damaged(self, name: str, why: object) -> StoreError:
        return files.damaged(self.folder / name, why, "it sets the file aside and trains this trial anew")


def _outcome(content: bytes) -> dict[str, Any]:
    found = json.loads(content)
    selected = found["selected_epoch"]
    whole = [found["epochs"], *([] if selected is None else [selected])]
    if found["status"] not in ("finished", "diverged") or not all(type(n) is int and 0 <= n < 2**31 for n in whole):
        raise ValueError("it does not say how the trial ended")
    found["reason"].encode()
    return {name: found[name] for name in ("status", "epochs", "selected_epoch", "reason")}


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < 1e12  # type: ignore[arg-type]  # a number by the first half


def provenance_text(contents: Mapping[str, bytes | str], provenance: Mapping[str, Any]) -> str:
    """The text of provenance.json, which names the SHA-256 of a trial's other files.

    Args:
        contents: what they hold, by name.
        provenance: where and when the trial ran.
    """
    digests = {name: _sha256(text.encode() if isinstance(text, str) else text) for name, text in contents.items()}
    return sealed({**provenance, "digests": digests})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
