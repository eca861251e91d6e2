"""Where damaged files go: kept for whoever wants to know what happened, out of the way of the work."""

from __future__ import annotations

from itertools import count
from pathlib import Path

__all__ = ["set_aside"]


def set_aside(root: Path, file: Path) -> Path:
    """Moves a file of a save dir to `damaged/<where it lay>/<number>/`; gives that folder, new with each call.

    Args:
        root: the save dir.
        file: in it; where there is none, the folder is made all the same.
    """
    below = root / "damaged" / file.parent.relative_to(root)
    below.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = below / str(number)
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        if file.exists():
            file.replace(folder / file.name)
        return folder
    raise AssertionError  # pragma: no cover - numbers do not end
