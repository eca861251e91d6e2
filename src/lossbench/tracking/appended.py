"""Lines appended to a file, each piece by one write, so that a reader meets whole lines."""

from __future__ import annotations

import os
from pathlib import Path

from lossbench.errors import RequestError
from lossbench.files import check_regular

__all__ = ["Appended", "opened"]


class Appended:
    """A file that grows by lines.

    A last line without an end is what is left of a write that was cut off: it is removed.

    Args:
        path: the file; it and the folders above it are made with the first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists():
            self._mend()

    def content(self) -> bytes:
        """What is in it; nothing where it is not there yet."""
        return self.path.read_bytes() if self.path.exists() else b""

    @property
    def size(self) -> int:
        """Its bytes; 0 where it is not there yet."""
        return self.path.stat().st_size if self.path.exists() else 0

    def add(self, lines: bytes) -> None:
        """Appends whole lines.

        Raises:
            OSError: it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab", buffering=0) as file:
            while lines:
                lines = lines[file.write(lines) or 0 :]

    def _mend(self) -> None:
        check_regular(self.path)
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)


def opened(where: str, field: str) -> Appended:
    """The file of a path that a user wrote.

    Raises:
        RequestError: it is no file that can be read and written.
    """
    path = Path(where).expanduser()
    try:
        return Appended(path)
    except OSError as error:
        raise RequestError(field, "a file that can be written", f"{path} ({error.strerror})") from None
