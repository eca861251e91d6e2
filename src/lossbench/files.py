"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lossbench.errors import SaveDirError

__all__ = ["write_atomically", "writing"]


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


@contextmanager
def writing(field: str, folder: Path) -> Iterator[None]:
    """Says in one sentence that a folder could not be written after all: a full disk, a folder taken away.

    Args:
        field: what the complaint is about, in the user's words.
        folder: what is written to, for errors that name no file of their own.

    Raises:
        SaveDirError: in the place of an OSError.
    """
    try:
        yield
    except OSError as error:
        where = f"{error.filename or folder}: {error.strerror or error}"
        raise SaveDirError(field, "a folder that can be written", where) from error
