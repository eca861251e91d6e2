"""The folders outside a save dir: where data sets lie, and where what was made once is kept for later."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from lossbench.errors import RequestError
from lossbench.files import check_writable

__all__ = ["CACHE", "DATA", "cache_folder", "check_cache", "data_folder", "home"]

DATA = "LOSSBENCH_DATA"
"""The environment variable that says where data sets lie."""

CACHE = "LOSSBENCH_CACHE"
"""The environment variable that says where compiled kernels are kept, and data sets may lie."""


def home(path: str) -> Path:
    """A path with `~/` written out, which not every shell does inside an option or a variable."""
    return Path(path).expanduser() if path.startswith("~/") else Path(path)


def data_folder() -> Path | None:
    """The folder that LOSSBENCH_DATA names; None where it is empty or not set."""
    named = os.environ.get(DATA)
    return home(named) if named else None


def cache_folder() -> Path:
    """The folder that LOSSBENCH_CACHE names, or the system's for caches, which on Linux XDG_CACHE_HOME can move.

    Raises:
        RequestError: a relative path, which would be another folder in every directory.
    """
    named = os.environ.get(CACHE)
    if not named:
        return platformdirs.user_cache_path("lossbench")
    folder = home(named)
    if not folder.is_absolute():
        raise RequestError(CACHE, "an absolute path, or nothing for the system's folder for caches", named)
    return folder


def check_cache() -> None:
    """Checks the folder that LOSSBENCH_CACHE names; without the system's own, which nobody asked for, all works.

    Raises:
        RequestError: a relative path, or a folder that cannot be written.
    """
    if os.environ.get(CACHE):
        check_writable(CACHE, cache_folder())
