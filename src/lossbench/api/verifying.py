"""Reading every file of a study and saying which are not as they were written: imports neither torch nor user code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lossbench.errors import StoreError
from lossbench.spec import Condition
from lossbench.store import Store, StudyFolder

__all__ = ["Verified", "states", "verified"]


@dataclass(frozen=True)
class Verified:
    """What was found.

    Args:
        trials: that have ended, and whose files were read.
        files: of theirs that were read.
        damaged: where, and what is wrong.
    """

    trials: int
    files: int
    damaged: tuple[tuple[str, str], ...]


def states(store: Store, whole: StudyFolder) -> dict[Condition, dict[str, tuple[str, int, str, str]]]:
    """Label, seed, status and reason of every trial by its key, within each condition of a study.

    The status is `damaged` where a file that would say is.
    """
    return {
        condition: {
            key: (label, seed, *_state(store, key))
            for (label, seed), key in StudyFolder.read(store, place).trials.items()
        }
        for condition, place in whole.places.items()
    }


def verified(store: Store, whole: StudyFolder) -> Verified:
    """Reads every file of a study: the documents, its trials, what its scenarios drew, its pictures."""
    damaged = list(store.faults().items())
    folders = [StudyFolder.read(store, place) for place in whole.places.values()]
    damaged += [
        (f"studies/{folder.path}/{name}", why)
        for folder in {folder.path: folder for folder in (whole, *folders)}.values()
        for name, why in folder.copy_faults(store).items()
    ]
    words = {key: f"{label} seed {seed}" for folder in folders for (label, seed), key in folder.trials.items()}
    ended = [key for key in words if store.finished(key)]
    drawn: dict[str, str] = {}
    files = 0
    for key in ended:
        names, faults = store.verify(key)
        files += len(names)
        faults |= store.kept(key).metric_faults()
        damaged += [(f"{words[key]}, trials/{key}/{name}", why) for name, why in faults.items()]
        if not faults:
            drawn |= store.prepared_faults(key)
    damaged += drawn.items()
    digests = {folder.data["digest"] for folder in folders}
    damaged += [(f"data/{digest}", why) for digest in sorted(digests) for why in _pictures(store, digest)]
    return Verified(len(ended), files, tuple(damaged))


def _state(store: Store, key: str) -> tuple[str, str]:
    try:
        if store.finished(key):
            outcome = store.outcome(key)
            return outcome["status"], str(outcome["reason"])
        return store.status(key), store.reason(key)
    except StoreError as error:
        return "damaged", str(error)


def _pictures(store: Store, digest: str) -> Iterator[str]:
    """Faults of the decoded pictures, which are a copy: the next run makes it anew where it has to."""
    try:
        store.pictures(digest, every_pixel=True)
    except StoreError as error:
        yield error.why
