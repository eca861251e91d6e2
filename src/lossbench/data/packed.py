"""Files out of a `.tar.gz`, of which nothing is taken into memory before its size is known."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path

from lossbench.data.limits import check_growth
from lossbench.errors import DataError

__all__ = ["check_size", "unpacked"]

_LARGEST = 1 << 28  # bytes of one file; CIFAR-100's training split has 155 million
_MOST_HEAD = 1 << 15  # bytes of what stands before a file's content: its name and a few kB of attributes
_MOST_FILES = 10_000
_DAMAGE = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, RecursionError)


def unpacked(path: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """The contents of the wanted files of an archive, by name.

    Args:
        path: a `.tar.gz`.
        wanted: names with their folders, of which not all need be there.

    Raises:
        DataError: it is damaged, or would take more memory than it can be worth.
    """
    try:
        with _Watched(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            return _contents(path, stream, archive, wanted)
    except _DAMAGE as error:
        raise DataError(str(path), "a whole .tar.gz archive", str(error) or type(error).__name__) from None


def check_size(place: str, size: int) -> None:
    """Raises a DataError where a pickle is larger than any of CIFAR's."""
    if size > _LARGEST:
        raise DataError(place, f"a pickle of at most {_LARGEST} bytes", f"{size} bytes")


class _Watched(gzip.GzipFile):
    """What is unpacked, as far as is granted: `tarfile` reads long names and attributes whole, of whatever size."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._path, self._packed = str(path), path.stat().st_size
        self.granted = _MOST_HEAD

    def read(self, size: int | None = -1) -> bytes:
        """Reads as `gzip` does, and no more than is granted."""
        asked = self.granted + 1 if size is None or size < 0 else size
        if asked > self.granted:
            raise DataError(self._path, f"at most {_MOST_HEAD} bytes of names and attributes before a file", "more")
        self.granted -= asked
        check_growth(self._path, self.tell() + asked, self._packed)
        return super().read(asked)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Unpacks up to a place, unless that is beyond measure."""
        check_growth(self._path, offset, self._packed)
        return super().seek(offset, whence)


def _contents(path: Path, stream: _Watched, archive: tarfile.TarFile, wanted: Collection[str]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    total = 0
    for number, member in enumerate(archive):
        if number >= _MOST_FILES:
            raise DataError(str(path), f"an archive of at most {_MOST_FILES} files", "more")
        total += member.size
        check_growth(str(path), total, path.stat().st_size)
        name = member.name.removeprefix("./")
        if name in wanted and member.isreg() and not member.issparse():
            check_size(f"{path}, {name}", member.size)
            stream.granted = member.size
            stream.seek(member.offset_data)
            contents[name] = stream.read(member.size)
            if len(contents[name]) < member.size:
                raise EOFError("it ends within a file")
        stream.granted = _MOST_HEAD
    return contents
