"""Room for decoded pictures: in memory, or where they are many in a file that is gone when nobody looks any more.

What lies in a file and not in memory takes memory only as far as there is any to spare: the system writes it back and
reads it again.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from lossbench.data.pictures import Pixels
from lossbench.errors import DataError

__all__ = ["room"]

_IN_MEMORY = 1 << 28  # bytes: what any machine that trains has to spare


def room(place: str, shape: tuple[int, ...]) -> Pixels:
    """An array of bytes to be written, in memory or in a file.

    The file lies in the folder of the variable TMPDIR, or in /var/tmp, which unlike /tmp is never in memory.

    Args:
        place: what an error names.
        shape: of the array.

    Raises:
        DataError: more than fits onto the disk.
        OSError: the file cannot be made.
    """
    size = math.prod(shape)
    if size <= _IN_MEMORY:
        return np.empty(shape, dtype=np.uint8)
    folder = _folder()
    free = shutil.disk_usage(folder).free
    if size > free:
        hint = "TMPDIR names another folder"
        raise DataError(place, f"pictures that fit into {folder} ({free / 1e9:.1f} GB)", f"{size / 1e9:.1f} GB", hint)
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)  # a page that could not be written later would end the process
        else:
            file.truncate(size)
        return np.memmap(file, np.uint8, "r+", shape=shape).view(np.ndarray)


def _folder() -> Path:
    lasting = Path("/var/tmp")  # noqa: S108 - a file without a name is made in it, which nobody can foresee
    if "TMPDIR" not in os.environ and lasting.is_dir() and os.access(lasting, os.W_OK):
        return lasting
    return Path(tempfile.gettempdir())
