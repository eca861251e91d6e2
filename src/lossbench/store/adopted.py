"""What is taken over from elsewhere: the files of a trial that another machine trained, as bytes."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from lossbench.errors import StoreError, shown
from lossbench.spec import Trial
from lossbench.store.kept import PROVENANCE, Kept

__all__ = ["PREPARED", "check_adoptable", "noted_prepared"]

PREPARED = re.compile("data/[0-9A-Za-z]{1,64}/prepared/[0-9a-f]{1,64}[.]npz")
"""The path below the save dir of what a scenario drew."""


def check_adoptable(trial: Trial, contents: Mapping[str, bytes], prepared: Mapping[str, bytes]) -> None:
    """Holds a trial's files, and what its scenario drew, against the digests in its provenance.

    Args:
        trial: whose files they are to be.
        contents: the files of its folder by name, `provenance.json` among them.
        prepared: what its scenario drew, by its path below the save dir; empty where it draws nothing.

    Raises:
        StoreError: a file is missing, damaged, of another trial, or one that no trial has.
    """
    kept = Kept(Path(trial.key), lambda path: _content(contents, path))
    faults = kept.faults()
    if not faults and set(contents) != {*kept.provenance["digests"], PROVENANCE}:
        faults = {PROVENANCE: "it names other files than came"}
    if not faults:
        faults = {name: "it leads elsewhere" for name in contents if Path(name).name != name}
    noted = {} if faults else noted_prepared(kept)
    if not faults and noted != {path: hashlib.sha256(content).hexdigest() for path, content in prepared.items()}:
        faults = {PROVENANCE: "it names another file of what was drawn than came"}
    for name, why in faults.items():
        raise StoreError(f"{name} of trial {trial.key} is missing or damaged: {why}", why)


def noted_prepared(kept: Kept) -> dict[str, str]:
    """The SHA-256 of what a trial's scenario drew, by its path below the save dir; empty where nothing was drawn.

    Raises:
        StoreError: the provenance names it in another way than it is ever written.
    """
    noted = kept.provenance.get("prepared")
    if noted is None:
        return {}
    file = noted.get("file") if isinstance(noted, dict) else noted
    if not isinstance(file, str) or not PREPARED.fullmatch(file):
        why = f"it names what was drawn as {shown(file)}"
        raise StoreError(f"{PROVENANCE} of trial {kept.folder.name} is damaged: {why}", why)
    return {file: str(noted.get("sha256"))}


def _content(contents: Mapping[str, bytes], path: Path) -> bytes:
    """What came under a file's name, as if it were read."""
    if path.name not in contents:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path.name)
    return contents[path.name]
