"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: Path, content: bytes | str) -> None:
    """Writes a file by a temporary neighbour, flush, fsync and rename: a reader meets the old file or the new one.

    Raises:
        OSError: the folder cannot be written; the old file, if any, is untouched and no neighbour stays behind.
    """
    data = content.encode() if isinstance(content, str) else content
    neighbour = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        with neighbour.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        neighbour.replace(path)
    finally:
        neighbour.unlink(missing_ok=True)
