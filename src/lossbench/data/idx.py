"""The four idx files of MNIST and its relatives, gzipped or not."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lossbench.data.asked import Asked
from lossbench.data.checked import Pair, check_count, checked
from lossbench.data.found import Found, Names
from lossbench.data.limits import check_fits, check_growth
from lossbench.data.pictures import Pictures, Pixels
from lossbench.errors import DataError

__all__ = ["look", "read_idx"]

_STEMS = ("train-images", "train-labels", "t10k-images", "t10k-labels")
_UNSIGNED_BYTES = 0x08  # the type code in the third byte of the magic number
_AT_ONCE = 1 << 20  # bytes
_MOST_DEFLATE = 1032  # no gzip stream grows by more than this factor


def look(path: Path, asked: Asked) -> Found | None:
    """Recognises `train-images-idx3-ubyte.gz` and its three companions.

    Raises:
        DataError: some of the four are missing.
    """
    del asked  # an array has no columns
    if not path.is_dir():
        return None
    files = {stem: _file(path, stem) for stem in _STEMS}
    present = tuple(file for file in files.values() if file is not None)
    if not present:
        return None
    missing = [stem for stem, file in files.items() if file is None]
    if missing:
        received = f"no {' and no '.join(missing)}"
        raise DataError(str(path), f"the four idx files {', '.join(_STEMS)}", received)
    return Found(present, partial(_decode, path, present))


def read_idx(path: Path, dimensions: int) -> Pixels:
    """Reads one idx file of bytes.

    Args:
        path: the file; gzipped if its name ends in .gz.
        dimensions: how many the file must have: 3 for pictures, 1 for labels.

    Returns:
        uint8, in the shape that the header states.

    Raises:
        DataError: another magic number, or more or fewer bytes than the header states.
    """
    with _opened(path) as file:
        return _read(path, file, dimensions)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """An idx file, unpacked while it is read."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield file  # type: ignore[misc]  # GzipFile reads like a binary file
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(str(path), "a whole gzip file", str(error)) from None


def _declared(path: Path, dimensions: int) -> tuple[int, ...]:
    with _opened(path) as file:
        return _shape(path, file, dimensions)


def _file(folder: Path, stem: str) -> Path | None:
    """The file of a stem, whose dimensions follow a dash, or a dot as some programs unpack it."""
    kind = "idx3-ubyte" if stem.endswith("images") else "idx1-ubyte"
    names = [f"{stem}{joint}{kind}{end}" for joint in "-." for end in (".gz", "")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _shape(path: Path, file: BinaryIO, dimensions: int) -> tuple[int, ...]:
    """What the header states."""
    magic = file.read(4)
    if magic != bytes([0, 0, _UNSIGNED_BYTES, dimensions]):
        allowed = f"an idx file of bytes in {dimensions} dimensions (magic 0000080{dimensions})"
        raise DataError(str(path), allowed, f"magic {magic.hex() or 'nothing'}")
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise DataError(str(path), f"a header of {4 + 4 * dimensions} bytes", f"{4 + len(header)} bytes")
    return tuple(int(length) for length in np.frombuffer(header, dtype=">u4"))


def _read(path: Path, file: BinaryIO, dimensions: int) -> Pixels:
    shape = _shape(path, file, dimensions)
    size = math.prod(shape)
    content = _content(path, file, size)
    if len(content) != size:
        received = "more" if len(content) > size else f"{len(content)} bytes"
        raise DataError(str(path), f"{size} bytes as its header states", received)
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _content(path: Path, file: BinaryIO, size: int) -> bytearray:
    """At most one byte more than the header states, never allocated on the header's word alone."""
    content = bytearray()
    if size > path.stat().st_size * _MOST_DEFLATE:
        raise DataError(str(path), f"{size} bytes as its header states", "a file too small for that")
    check_growth(str(path), size, path.stat().st_size)
    while len(content) <= size and (piece := file.read(min(_AT_ONCE, size + 1 - len(content)))):
        content += piece
    return content


def _decode(folder: Path, files: Sequence[Path], name: str, class_names: Names | None) -> Pictures:
    """Headers first: a set that cannot be used is refused before its pictures are unpacked."""
    pairs = {"train": files[:2], "test": files[2:]}
    shapes = {split: (_declared(pictures, 3), _declared(labels, 1)) for split, (pictures, labels) in pairs.items()}
    for split, (pictures, labels) in shapes.items():
        check_count(f"{folder}, {split}", pictures[0], labels[0])
    check_fits(str(folder), sum(math.prod(shape) for both in shapes.values() for shape in both))
    train, test = (_pair(*pair) for pair in pairs.values())
    return checked(name, str(folder), train, test, class_names)


def _pair(pictures: Path, labels: Path) -> Pair:
    return read_idx(pictures, 3)[..., np.newaxis], read_idx(labels, 1)
