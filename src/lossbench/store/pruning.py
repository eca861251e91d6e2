"""What a save dir can do without: found, and removed so that a kill at any moment leaves a store that can be read.

Only what lossbench made is ever found. A folder that goes is renamed into the trash first, by one rename, and emptied
there; what is left in it by a kill goes with the next pruning. A run names its trials in its study before it looks for
what it lacks, under the same lock under which pruning looks once more and renames: nothing that a run counts on is
taken from under it.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from lossbench.errors import SaveDirError, StoreError
from lossbench.files import remove_draft, write_atomically, writing
from lossbench.store.kept import PROVENANCE, WEIGHTS
from lossbench.store.owned import TRASH, half_written, made_pictures, made_trials, put_aside, tuning_locks
from lossbench.store.sealed import sealed
from lossbench.store.store import Store
from lossbench.store.study import StudyFolder

__all__ = ["KINDS", "Kind", "Needless", "needless", "remove"]

Kind = Literal["trials", "pictures", "drafts", "damaged", "unfinished", "weights"]

KINDS: dict[Kind, str] = {
    "trials": "trials of no study",
    "pictures": "decoded pictures of no study",
    "drafts": "what killed processes left half written",
    "damaged": "what was found damaged and set aside",
    "unfinished": "checkpoints and failures of trials that have not finished",
    "weights": "weights of finished trials",
}
"""What may go, in words. Studies need none of the first four; the last two go only where that is asked for."""

_LOCK = "claim.lock"
_FIELD = "FOLDER"


@dataclass(frozen=True)
class Needless:
    """Something that can go.

    Args:
        kind: which of KINDS.
        path: below the save dir.
        size: in bytes.
    """

    kind: Kind
    path: str
    size: int


def needless(store: Store) -> tuple[Needless, ...]:
    """Everything that can go, kind by kind; nothing is changed.

    Raises:
        SaveDirError: the folder is no save dir, or a later lossbench wrote it.
        StoreError: a study's document is damaged, so that nobody knows what it needs.
    """
    _check(store)
    trials, pictures = _needed(store)
    found = [
        *(("trials", path) for path in made_trials(store.root) if path.name not in trials),
        *(("pictures", path) for path in made_pictures(store.root) if path.name not in pictures),
        *(("drafts", path) for path in half_written(store.root)),
        *(("damaged", path) for path in put_aside(store.root)),
    ]
    for key in sorted(trials):
        folder = store.trial_folder(key)
        if not store.finished(key):
            found += [("unfinished", folder)] if _begun(folder) else []
        elif (folder / WEIGHTS).exists():
            found.append(("weights", folder / WEIGHTS))
    kinds = list(KINDS)
    listed = [Needless(kind, path.relative_to(store.root).as_posix(), _size(path)) for kind, path in found]  # type: ignore[arg-type]  # the literals above
    return tuple(sorted(listed, key=lambda item: (kinds.index(item.kind), item.path)))


def remove(store: Store, items: Sequence[Needless]) -> tuple[Needless, ...]:
    """Removes what was found, as far as it may still go; gives what went.

    What somebody works with just now stays: a trial that is being trained, pictures of a tuning, a draft that is being
    written; so does what a study has come to need meanwhile.

    Raises:
        SaveDirError: the save dir cannot be written.
        StoreError: a study's document is damaged.
    """
    _check(store)
    with writing(_FIELD, store.root):
        with store.changing():
            trials, pictures = _needed(store)  # once more, for a run may have named more meanwhile
            gone = [item for item in items if _unneeded(item, trials, pictures) and _removed(store, item)]
        _empty_trash(store.root)
    return tuple(gone)


def _check(store: Store) -> None:
    store.check()
    if not store.begun and not (store.root / "studies").is_dir():
        raise SaveDirError(_FIELD, "a save dir, as log", str(store.root))


def _needed(store: Store) -> tuple[frozenset[str], frozenset[str]]:
    """The trials and pictures of every study, also of one whose run was killed while it wrote its documents."""
    studies = store.root / "studies"
    places = {path.parent.relative_to(studies).as_posix() for path in studies.rglob("study.json")}
    places |= set(store.study_names())
    folders = [StudyFolder.read(store, place) for place in sorted(places)]
    trials = frozenset(key for folder in folders for key in folder.trials.values())
    return trials, frozenset(str(folder.data["digest"]) for folder in folders)


def _unneeded(item: Needless, trials: frozenset[str], pictures: frozenset[str]) -> bool:
    name = item.path.rpartition("/")[2]
    return not (item.kind == "trials" and name in trials) and not (item.kind == "pictures" and name in pictures)


def _removed(store: Store, item: Needless) -> bool:
    """Removes one item unless somebody holds it; whether it went."""
    path = store.root / item.path
    if item.kind == "drafts":
        return _remove_draft(store, path)
    if item.kind == "damaged":
        return _trashed(store.root, path) and _without_empty(path.parent, store.root)
    if item.kind == "pictures":
        with _alone(path.with_suffix(".lock")) as held:
            return held and not _tuned(store.root) and _trashed(store.root, path)
    key = item.path.split("/")[1]
    with _alone(store.trial_folder(key) / _LOCK) as held:
        if not held:
            return False
        if item.kind == "weights":
            return _without_weights(store, key)
        return (item.kind == "trials" or not store.finished(key)) and _trashed(store.root, path)


def _without_weights(store: Store, key: str) -> bool:
    """Drops a trial's weights: first the provenance names them no more, then the file goes."""
    folder = store.trial_folder(key)
    if not (folder / WEIGHTS).exists():
        return False
    try:
        provenance = dict(store.kept(key).provenance)
    except StoreError:  # damaged: the next run sets the trial aside, weights and all
        return False
    digests = {name: digest for name, digest in provenance["digests"].items() if name != WEIGHTS}
    provenance.pop("format", None)
    if digests != provenance["digests"]:
        write_atomically(folder / PROVENANCE, sealed({**provenance, "digests": digests}))
    (folder / WEIGHTS).unlink(missing_ok=True)
    return True


def _trashed(root: Path, path: Path) -> bool:
    """Renames a folder into the trash; whether it was there."""
    trash = root / TRASH
    trash.mkdir(exist_ok=True)
    try:
        path.rename(trash / uuid.uuid4().hex)
    except FileNotFoundError:  # another pruning was first
        return False
    return True


def _without_empty(folder: Path, root: Path) -> bool:
    """Removes a folder in which nothing is left, and those above it below the save dir; true."""
    with suppress(OSError):  # something is left
        while folder != root:
            folder.rmdir()
            folder = folder.parent
    return True


def _empty_trash(root: Path) -> None:
    shutil.rmtree(root / TRASH, ignore_errors=True)


def _remove_draft(store: Store, path: Path) -> bool:
    if path.name == TRASH:
        _empty_trash(store.root)
    elif path.is_dir():
        with _alone(path.with_name(f"{path.name[1:].partition('.')[0]}.lock")) as held:
            if held:
                shutil.rmtree(path, ignore_errors=True)
    else:
        remove_draft(path)
    return not path.exists()


def _begun(folder: Path) -> bool:
    """Whether a trial that has not finished left anything but its lock."""
    return folder.is_dir() and any(path.name != _LOCK for path in folder.iterdir())


def _tuned(root: Path) -> bool:
    """Whether a tuning is under way, which reads pictures that no study may name."""
    for lock in tuning_locks(root):
        with _alone(lock) as held:
            if not held:
                return True
    return False


@contextmanager
def _alone(lock: Path) -> Iterator[bool]:
    """Holds a lock, if nobody else does and its folder is there, which taking it would make; whether it is held."""
    try:
        held = FileLock(lock, timeout=0).acquire() if lock.parent.is_dir() else None
    except Timeout:
        held = None
    if held is None:
        yield False
        return
    with held:
        yield True


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder; of what is gone meanwhile none."""
    total = 0
    with suppress(OSError):
        for file in [path] if path.is_file() else path.rglob("*"):
            with suppress(OSError):
                total += file.stat().st_size if file.is_file() and not file.is_symlink() else 0
    return total
