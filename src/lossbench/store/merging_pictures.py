"""Copying decoded pictures from other save dirs, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lossbench.errors import StoreError
from lossbench.store.owned import made_pictures
from lossbench.store.store import RESIZED, Store

__all__ = ["merge_pictures"]


def merge_pictures(into: Store, sources: Sequence[Store]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Copies the decoded pictures that a save dir lacks, and the other labels that belong to them.

    Args:
        into: where to.
        sources: where from.

    Returns:
        the digests of those that were copied, and of those that no source has whole what is wrong with them, by their
        place.

    Raises:
        SaveDirError: the save dir cannot be written.
    """
    copied, faults = list[str](), dict[str, str]()
    for source in sources:
        for folder in made_pictures(source.root):
            lacking = not _has(into, folder.name)
            try:
                _copy(into, source, folder.name, lacking=lacking)
            except StoreError as error:
                faults[str(folder)] = error.why
                continue
            if lacking:
                copied.append(folder.name)
    lost = {place: why for place, why in faults.items() if not _has(into, place[-_DIGEST:])}
    return tuple(copied), lost


_DIGEST = 32  # hex digits


def _copy(into: Store, source: Store, digest: str, *, lacking: bool) -> None:
    """Copies pictures with the notes of where they came from; where they are there already, the labels and notes."""
    pictures = source.pictures(digest, every_pixel=lacking)
    notes = sorted(path.name for path in (source.root / "data" / digest / "sources").glob("*"))
    there = {path.name for path in (into.root / "data" / digest / "sources").glob("*")}
    labels = {path.stem for path in (into.root / "data" / digest / "labels").glob("*.npy")}
    if set(notes) <= there and set(pictures.other_labels) <= labels and not lacking:
        return
    for note in notes:
        resized = note.endswith(RESIZED)
        into.put_pictures(replace(pictures, resized=resized), note.removesuffix(RESIZED))


def _has(store: Store, digest: str) -> bool:
    """Whether decoded pictures are there and, but for their pixels, whole."""
    try:
        store.pictures(digest)
    except StoreError:
        return False
    return True
