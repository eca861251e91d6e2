"""The footer of a Parquet file, as far as it tells what reading the file would take.

Polars follows a footer wherever it leads: columns nested thousands deep end the process, and a few kilobytes can stand
for billions of rows. So the footer, a struct in Thrift's compact protocol, is read here before.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.data.limits import check_growth
from lossbench.errors import DataError

__all__ = ["check_footer", "row_groups"]

Struct = dict[int, Any]

_MAGIC = b"PAR1"
_TAIL = 8  # bytes: the footer's length and the magic
_DEEPEST = 64  # of nested columns; those of Hugging Face's pictures are two deep, and Polars fails at a few hundred
_ROWS_AT_LEAST = 1_000_000  # a file of so few may be as small as it likes
_VALUES_DEEPEST = 32  # a footer's structs and lists are about ten deep
_OTHER_FORM, _ENDS_EARLY = "a footer of another form", "a footer that ends early"

# Thrift's types in the compact protocol
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)

# fields of FileMetaData, SchemaElement, RowGroup
_SCHEMA, _ROW_GROUPS, _CHILDREN, _GROUP_BYTES, _GROUP_ROWS = 2, 4, 5, 2, 3


def check_footer(path: Path) -> None:
    """Refuses a Parquet file that would take more than it can be worth.

    A picture takes at least a byte of its file: with more rows, they are one and the same over and over.

    Raises:
        DataError: its columns are nested too deeply, it has more rows than bytes, or its pages unpack beyond measure.
        ValueError: it has no footer that can be read.
        OSError: the file cannot be read.
    """
    size, footer = _footer(path)
    if (deepest := _depth(_structs(footer, _SCHEMA))) > _DEEPEST:
        raise DataError(str(path), f"columns nested at most {_DEEPEST} deep", f"{deepest} deep")
    groups = _structs(footer, _ROW_GROUPS)
    rows = sum(_number(group, _GROUP_ROWS) for group in groups)
    if rows > max(size, _ROWS_AT_LEAST):
        raise DataError(str(path), "at most one row for each byte of the file", f"{rows} rows in {size} bytes")
    check_growth(str(path), sum(_number(group, _GROUP_BYTES) for group in groups), size)


def row_groups(path: Path) -> list[int]:
    """How many rows each row group of a Parquet file has.

    Raises:
        ValueError: it has no footer that can be read.
        OSError: the file cannot be read.
    """
    _, footer = _footer(path)
    return [_number(group, _GROUP_ROWS) for group in _structs(footer, _ROW_GROUPS)]


def _footer(path: Path) -> tuple[int, Struct]:
    """The file's size, and its footer's fields by number."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != _MAGIC or length > size - _TAIL:
            raise ValueError("a file without a footer")
        file.seek(size - _TAIL - length)
        content = file.read(length)
    try:
        return size, _Reader(content).struct(0)
    except IndexError:
        raise ValueError(_ENDS_EARLY) from None


def _structs(fields: Struct, number: int) -> list[Struct]:
    """A field that holds a list of structs."""
    value = fields.get(number, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(_OTHER_FORM)
    return value


def _number(fields: Struct, number: int) -> int:
    """A field that counts something; 0 where it is not there."""
    value = fields.get(number, 0)
    if not isinstance(value, int) or value < 0:
        raise ValueError(_OTHER_FORM)
    return value


def _depth(schema: list[Struct]) -> int:
    """How deep the columns are nested; the schema lists them from the root on, each with its number of children."""
    open_, deepest = [1], 0
    for element in schema:
        while open_ and open_[-1] == 0:
            open_.pop()
        if not open_:
            raise ValueError("a schema with more columns than it counts")
        open_[-1] -= 1
        open_.append(_number(element, _CHILDREN))
        deepest = max(deepest, len(open_) - 2)
    return deepest


@dataclass
class _Reader:
    """A reader of Thrift's compact protocol."""

    content: bytes
    at: int = 0

    def struct(self, depth: int) -> Struct:
        """Fields by number."""
        fields: Struct = {}
        number = 0
        while (head := self._byte()) != 0:
            step, kind = head >> 4, head & 15
            number = number + step if step else self._zigzag()
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _VALUES_DEEPEST:
            raise ValueError(_OTHER_FORM)
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth + 1)
        if kind in (_I16, _I32, _I64):
            return self._zigzag()
        if kind in (_TRUE, _FALSE, _BYTE):  # inside a list a truth value takes a byte
            return self._byte()
        if kind == _DOUBLE:
            return self._skip(8)
        if kind == _BINARY:
            return self._skip(self._varint())
        raise ValueError(_OTHER_FORM)  # maps among them, of which Parquet has none

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = head >> 4
        count = self._varint() if count == 15 else count
        if count > len(self.content):
            raise ValueError(_ENDS_EARLY)
        return [self._value(head & 15, depth) for _ in range(count)]

    def _byte(self) -> int:
        value = self.content[self.at]
        self.at += 1
        return value

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError(_OTHER_FORM)

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.content):
            raise ValueError(_ENDS_EARLY)
