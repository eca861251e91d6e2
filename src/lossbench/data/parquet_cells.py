"""The encoded pictures of a split's Parquet files, read a row group at a time: all of them may be more than memory."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import overload

import polars as pl

from lossbench.data.features import readable_parquet
from lossbench.data.parquet_footer import row_groups
from lossbench.errors import DataError

__all__ = ["Cells", "encoded_cells"]

_KEPT = 2  # row groups: threads that decode side by side are at the end of one and the beginning of the next


class Cells(Sequence[bytes]):
    """A column of encoded pictures over several files, read as it is asked for.

    Args:
        place: what errors call the split.
        files: in order.
        column: its name; bytes, or structs with bytes as Hugging Face writes them.

    Raises:
        DataError: a file that cannot be read; on access, another type, or a row without a picture.
    """

    def __init__(self, place: str, files: Sequence[Path], column: str) -> None:
        self._place, self._column, self._lock = place, column, Lock()
        self._blocks = list(_blocks(files))
        self._ends = list(accumulate(rows for _, _, rows in self._blocks))
        self._read: OrderedDict[int, pl.Series] = OrderedDict()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...

    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            return [self[row] for row in range(*place.indices(len(self)))]
        number = bisect_right(self._ends, place)
        cell = self._block(number)[place - (self._ends[number] - self._blocks[number][2])]
        if cell is None:
            raise DataError(f"{self._place} row {place}", "the bytes of a picture", "nothing")
        found: bytes = cell
        return found

    def _block(self, number: int) -> pl.Series:
        with self._lock:
            if number not in self._read:
                self._read[number] = self._load(*self._blocks[number])
                if len(self._read) > _KEPT:
                    self._read.popitem(last=False)
            return self._read[number]

    def _load(self, file: Path, start: int, rows: int) -> pl.Series:
        with readable_parquet(file), file.open("rb") as stream:
            frame = pl.scan_parquet(stream, glob=False, hive_partitioning=False).select(self._column)
            cells = frame.slice(start, rows).collect()[self._column]
        return encoded_cells(str(file), cells)


def encoded_cells(place: str, cells: pl.Series) -> pl.Series:
    """The bytes of a column of encoded pictures, some of which may be missing.

    Args:
        place: where it lies, named in errors.
        cells: bytes, or structs with bytes as Hugging Face writes them.

    Raises:
        DataError: it is of another type.
    """
    if isinstance(cells.dtype, pl.Struct) and "bytes" in [field.name for field in cells.dtype.fields]:
        found = cells.struct.field("bytes")
    else:
        found = cells
    if found.dtype != pl.Binary:
        allowed = f"encoded pictures in column {cells.name!r} (bytes, or a struct with bytes)"
        raise DataError(place, allowed, str(found.dtype))
    return found


def _blocks(files: Sequence[Path]) -> Iterator[tuple[Path, int, int]]:
    """Every row group: its file, its first row and its rows."""
    for file in files:
        with readable_parquet(file):
            groups = row_groups(file)
        for start, rows in zip(accumulate(groups, initial=0), groups, strict=False):
            if rows:
                yield file, start, rows
