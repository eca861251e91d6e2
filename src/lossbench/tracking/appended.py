"""A file that grows by whole lines, also where two programs append to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lossbench.errors import RequestError
from lossbench.files import check_regular

if sys.platform != "win32":
    import fcntl

__all__ = ["Appended", "Lines"]


class Lines:
    """The file while it is held."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._file.seek(0, 2)

    def content(self) -> bytes:
        """What is in it."""
        self._file.seek(0)
        return self._file.read()

    def add(self, lines: bytes) -> None:
        """Appends whole lines."""
        self._file.write(lines)
        self._file.flush()

    def mend(self) -> None:
        """Removes a last line without an end, which is what is left of a write that was cut off."""
        content = self.content()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)


class Appended:
    """A file of lines of ours; nothing of it is changed before something is added.

    Args:
        where: the path; the file and the folders above it are made with the first line.
        field: what a complaint is about.
        is_ours: whether we wrote what is in it.

    Raises:
        RequestError: it is no file, cannot be read, or somebody else wrote it.
    """

    def __init__(self, where: str, field: str, is_ours: Callable[[bytes], bool]) -> None:
        self.path = Path(where).expanduser().absolute()
        try:
            if self.path.exists():
                check_regular(self.path)
            content = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise RequestError(field, "a file that can be written", f"{where} ({error.strerror})") from None
        if content and not is_ours(content):
            raise RequestError(
                field, "a new file, or one that a tracker wrote before", f"{where}, which has other lines"
            )

    @contextmanager
    def held(self) -> Iterator[Lines]:
        """The file, which nobody else adds to meanwhile.

        Raises:
            OSError: it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            if sys.platform != "win32":  # which has no such locks; closing the file ends it
                fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            lines = Lines(file)
            lines.mend()
            yield lines
