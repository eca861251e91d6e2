"""Keeping a tuning's pictures where they are: no study may name them, so pruning must see that they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from lossbench.data import Pictures
from lossbench.files import writing
from lossbench.store import Store

__all__ = ["under_way"]


@contextmanager
def under_way(store: Store, folder: Path, pictures: Pictures, fingerprint: str) -> Iterator[None]:
    """Puts pictures into the store, and holds them there until the tuning is over.

    Several commands that tune the same study share its losses, so each holds a lock of its own, which pruning finds by
    its name.

    Args:
        store: the save dir.
        folder: the tuning's.
        pictures: what is tuned on.
        fingerprint: of where they lay.

    Raises:
        SaveDirError: the save dir cannot be written.
    """
    with ExitStack() as stack:
        with writing("--save-dir", store.root), store.changing():
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_first_free(folder))
            store.put_pictures(pictures, fingerprint)
        yield


def _first_free(folder: Path) -> AbstractContextManager[object]:
    for number in count(1):
        try:
            return FileLock(folder / f"tuning-{number}.lock", timeout=0).acquire()
        except Timeout:
            continue
    raise AssertionError  # pragma: no cover - numbers do not end
