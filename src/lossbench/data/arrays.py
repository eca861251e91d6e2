"""Arrays in .npy and .npz files: the header first, which is held against the file before anything is allocated.

NumPy's own reader allocates what a header declares, and lets more kinds of errors out than it documents.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from lossbench.data.limits import check_fits, check_growth

__all__ = ["Array", "Stored", "array_names", "stored_npy", "stored_npz"]

Array = npt.NDArray[np.generic]

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_ENDING = ".npy"


@dataclass(frozen=True)
class Stored:
    """An array that lies in a file and was not read yet.

    Args:
        path: the file.
        member: the array's name in an .npz file; None in an .npy file.
        shape: as its header says.
        dtype: the same.
        offset: bytes of the header.
    """

    path: Path
    member: str | None
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    offset: int

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """How large the array is."""
        return math.prod(self.shape) * self.dtype.itemsize

    def read(self) -> Array:
        """The array.

        Raises:
            ValueError: it is damaged.
            DataError: it is a decompression bomb, or larger than the machine's memory.
        """
        check_growth(str(self.path), self.nbytes, self.path.stat().st_size)
        check_fits(str(self.path), self.nbytes)
        with _translated(), _opened(self.path, self.member) as (stream, _):
            array: Array = np.lib.format.read_array(stream, allow_pickle=False)
            if self.member is not None and stream.read(1):  # reading to the end is what compares the checksum
                raise ValueError("more bytes than its header states")
            return array

    def mapped(self) -> Array:
        """The array of an .npy file, mapped copy-on-write: torch warns about arrays that cannot be written.

        Raises:
            ValueError: it is damaged.
        """
        with _translated():
            mapped: Array = np.load(self.path, mmap_mode="c", allow_pickle=False)
            return mapped


def stored_npy(path: Path) -> Stored:
    """The array of an .npy file.

    Raises:
        ValueError: it is damaged, or holds pickled objects, reading which could run any code.
        OSError: the file cannot be read.
    """
    with _translated(), _opened(path, None) as (stream, size):
        return _stored(path, None, stream, size)


def array_names(path: Path) -> tuple[str, ...]:
    """The names of the arrays in an .npz file.

    Raises:
        ValueError: it is no such file.
        OSError: it cannot be read.
    """
    with _translated(), path.open("rb") as file:
        if file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
            raise ValueError("a single array")
        with zipfile.ZipFile(file) as archive:
            return tuple(name.removesuffix(_ENDING) for name in archive.namelist() if name.endswith(_ENDING))


def stored_npz(path: Path, name: str) -> Stored:
    """An array of an .npz file.

    Raises:
        ValueError: it is damaged, or holds pickled objects, reading which could run any code.
        OSError: the file cannot be read.
    """
    with _translated(), _opened(path, name) as (stream, size):
        return _stored(path, name, stream, size)


def _stored(path: Path, member: str | None, stream: IO[bytes], size: int) -> Stored:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"an array of the format's version {version[0]}.{version[1]}")
    shape, _, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be loaded")
    if min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape}")
    stored = Stored(path, member, shape, dtype, stream.tell())
    if stored.nbytes > size - stored.offset:
        raise ValueError(f"{size - stored.offset} bytes of {stored.nbytes} that the header states")
    return stored


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[tuple[IO[bytes], int]]:
    """An .npy file, or a member of an .npz file, with its size when unpacked."""
    with path.open("rb") as file:
        if member is None:
            yield file, os.fstat(file.fileno()).st_size
            return
        with zipfile.ZipFile(file) as archive, archive.open(f"{member}{_ENDING}") as stream:
            yield stream, archive.getinfo(f"{member}{_ENDING}").file_size


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever damage makes of the readers of headers and zip files becomes a ValueError."""
    try:
        yield
    except (OSError, MemoryError, ValueError):
        raise
    except Exception as error:  # TokenError, SyntaxError, RecursionError, BadZipFile, zlib.error, LZMAError, ...
        raise ValueError(str(error) or type(error).__name__) from None
