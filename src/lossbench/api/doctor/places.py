"""The folders: whether they can be written, and what room they have."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lossbench.api.doctor.finding import Finding
from lossbench.errors import LossbenchError
from lossbench.files import check_writable
from lossbench.folders import CACHE, DATA, cache_folder, data_folder

__all__ = ["places"]


def places(save_dir: Path) -> list[Finding]:
    """The save dir, the cache, and where data are looked for."""
    return [_save_dir(save_dir), _cache(), _data()]


def _save_dir(folder: Path) -> Finding:
    try:
        check_writable("--save-dir", folder)
    except LossbenchError as error:
        return Finding("folders", "save dir", f"{folder}: {error}", "broken")
    return Finding("folders", "save dir", f"{folder.resolve()} can be written, {_free(folder)}")


def _cache() -> Finding:
    """Without the system's own cache all works; one that was asked for has to be there."""
    try:
        folder = cache_folder()
        check_writable(CACHE, folder)
    except LossbenchError as error:
        asked = bool(os.environ.get(CACHE))
        hint = "" if asked else f"{CACHE} names another"
        return Finding("folders", "cache", str(error), "broken" if asked else "missing", hint)
    return Finding("folders", "cache", f"{folder}, {_free(folder)}")


def _data() -> Finding:
    folder = data_folder()
    if folder is None:
        return Finding("folders", "data", f"{DATA} is not set; lossbench data says where data sets are looked for")
    if folder.is_dir():
        return Finding("folders", "data", f"{folder.resolve()}, {_free(folder)}")
    return Finding("folders", "data", f"{folder} is no folder", "missing", f"let {DATA} name one")


def _free(folder: Path) -> str:
    """Room on the disk of a folder, or of the nearest one above it that exists."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return f"{shutil.disk_usage(place).free / 2**30:.1f} GiB free"
    except OSError as error:
        return f"free room unknown ({error.strerror})"
