"""What in a save dir lossbench made, told from what people put beside it: nothing else may ever be deleted.

A save dir may be a project's own folder, as with `--save-dir .`, and `data`, `trials` or `damaged` are names that
others use, too. So a folder counts as made by lossbench by its name, and where that is a common one by what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lossbench.files import drafts
from lossbench.store.format import NAME as FORMAT_NOTE

__all__ = ["TRASH", "half_written", "made_pictures", "made_trials", "put_aside", "tuning_locks"]

TRASH = ".lossbench-trash"
"""Below the save dir: where a folder goes by one rename, before it is emptied."""

_KEY = re.compile("[0-9a-f]{24}")
_DIGEST = re.compile("[0-9a-f]{32}")
_DRAFT = re.compile("[.][0-9a-f]{32}[.][0-9a-f]{32}")  # of a folder of pictures
_NUMBER = re.compile("[1-9][0-9]*")
_TUNING_LOCK = re.compile("tuning-[1-9][0-9]*[.]lock|.*-[0-9a-f]{12}[.]lock")  # of a command, and of a loss

_OF_PICTURES = frozenset(
    [f"{split}_{kind}.npy" for split in ("train", "test") for kind in ("pictures", "labels")]
    + ["classes.json", "samples.npz", "sources", "labels", "prepared"]
)
_OF_A_STUDY = frozenset(["study.json"])


def made_trials(root: Path) -> list[Path]:
    """The folders of trials."""
    return _folders(root / "trials", _KEY)


def made_pictures(root: Path) -> list[Path]:
    """The folders of decoded pictures, also of those that were written or removed in part."""
    return [path for path in _folders(root / "data", _DIGEST) if _names(path) & _OF_PICTURES]


def half_written(root: Path) -> Iterator[Path]:
    """Files and folders that a killed process left half written, and the trash of a killed pruning."""
    places = [*made_trials(root), *made_pictures(root), root / "studies", root / "tuning"]
    for place in places:
        yield from drafts(place)
    yield from drafts(root, of=FORMAT_NOTE, below=False)
    yield from _folders(root / "data", _DRAFT)
    yield from (path for path in [root / TRASH] if path.is_dir())


def put_aside(root: Path) -> Iterator[Path]:
    """The folders that `set_aside` made: of a trial's files, or of a study's document."""
    for trial in _folders(root / "damaged" / "trials", _KEY):
        yield from _folders(trial, _NUMBER)
    for path in sorted((root / "damaged" / "studies").glob("**/[1-9]*")):
        if _NUMBER.fullmatch(path.name) and path.is_dir() and _names(path) <= _OF_A_STUDY:
            yield path


def tuning_locks(root: Path) -> Iterable[Path]:
    """What tunings hold while they are under way."""
    return [path for path in sorted((root / "tuning").glob("*/*.lock")) if _TUNING_LOCK.fullmatch(path.name)]


def _folders(parent: Path, name: re.Pattern[str]) -> list[Path]:
    """The folders of a name's form, sorted; a link to one is none."""
    if not parent.is_dir():
        return []
    return sorted(
        path for path in parent.iterdir() if name.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    )


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
