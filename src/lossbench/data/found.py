"""What every layout answers when it is shown a path, and the splits that layouts have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from lossbench.data.pictures import Pictures
from lossbench.errors import DataError

__all__ = ["SPLITS", "Found", "Names", "visible", "which_test"]

Names = tuple[str, ...]

_TESTS = ("test", "validation", "valid", "val")  # the first that is there is the test split
SPLITS = ("train", *_TESTS)


@dataclass(frozen=True)
class Found:
    """A path that has a layout.

    Args:
        files: every file that decoding would read.
        decode: makes the pictures, given a name and the class names to use where the files hold none.
        class_names: those that the files hold, where knowing them is cheap.
    """

    files: tuple[Path, ...]
    decode: Callable[[str, Names | None], Pictures]
    class_names: Names | None = None


def which_test(place: Path, splits: Collection[str]) -> str:
    """The split that classifiers are judged by.

    Raises:
        DataError: there is none.
    """
    for name in _TESTS:
        if name in splits:
            return name
    raise DataError(str(place), f"a test split ({', '.join(_TESTS)})", f"only {', '.join(sorted(splits))}")


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, sorted by name, without hidden entries and what archivers leave behind."""
    entries = (entry for entry in folder.iterdir() if not entry.name.startswith((".", "__MACOSX")))
    return sorted(entries, key=lambda entry: entry.name)
