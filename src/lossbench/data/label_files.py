"""Labels from a file of the user's: what the training split is said to show, in its order."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lossbench.data.arrays import Array, Stored, array_names, stored_npy, stored_npz
from lossbench.data.pictures import Labels, Pictures, label_digest
from lossbench.errors import DataError
from lossbench.spec import Noise

__all__ = ["read_labels", "with_labels"]

_FIELD = "scenarios.noise"


def with_labels(pictures: Pictures, noise: Noise | None) -> tuple[Pictures, str | None]:
    """The pictures with the labels of `noise(file, ...)` beside their own, and the digest of these.

    Args:
        pictures: the data.
        noise: a scenario's; where it is of another kind, or None, nothing happens and the digest is None.

    Raises:
        DataError: as `read_labels`.
    """
    if noise is None or noise.kind != "file":
        return pictures, None
    labels = read_labels(Path(noise.path or "").expanduser(), noise.column, len(pictures.train), pictures.class_names)
    return pictures.also_labelled(labels), label_digest(labels)


def read_labels(path: Path, column: str | None, number: int, class_names: Sequence[str]) -> Labels:
    """The labels in a file.

    Args:
        path: `.npy` (whole numbers), `.npz` (an array of them), `.csv` with a head, or `.txt` with one label a line;
            in the last two they are class names, or else class numbers.
        column: which column of a `.csv`, or array of an `.npz`; may be None where there is one.
        number: of pictures in the training split.
        class_names: the data's.

    Returns:
        int64 (number,).

    Raises:
        DataError: no such file, one that cannot be read, or labels that are not the training split's.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{_FIELD} {path}", f"a file whose name ends in {', '.join(_READERS)}", path.suffix or "none")
    try:
        found = reader(path, column)
    except OSError as error:
        raise DataError(f"{_FIELD} {path}", "a readable file", error.strerror or str(error)) from None
    labels = _named(path, found, class_names) if isinstance(found, list) else found
    _check_shape(path, labels, number)
    return _checked(path, labels if isinstance(labels, np.ndarray) else _read(path, labels), len(class_names))


def _check_shape(path: Path, labels: Array | Stored, number: int) -> None:
    """Of an array in a file before it is read."""
    if labels.shape[1:] not in ((), (1,)) or not labels.shape or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"{_FIELD} {path}", "whole numbers of shape (n,)", f"{labels.dtype} of shape {labels.shape}")
    if labels.shape[0] != number:
        allowed = f"one label for each of the {number} pictures of the training split"
        raise DataError(f"{_FIELD} {path}", allowed, f"{labels.shape[0]} labels")


def _checked(path: Path, labels: Array, classes: int) -> Labels:
    values = labels.reshape(-1).astype(np.int64)
    wrong = np.flatnonzero((values < 0) | (values >= classes))
    if len(wrong):
        raise DataError(f"{_FIELD} {path} row {wrong[0]}", f"a label from 0 to {classes - 1}", int(values[wrong[0]]))
    return values


def _named(path: Path, cells: Sequence[str], class_names: Sequence[str]) -> Labels:
    """Class names, where all of them are; else class numbers."""
    numbers = {name: number for number, name in enumerate(class_names)}
    strange = [row for row, cell in enumerate(cells) if cell not in numbers]
    if not strange:
        return np.array([numbers[cell] for cell in cells], dtype=np.int64)
    unread = [row for row, cell in enumerate(cells) if not (cell.isascii() and cell.isdecimal() and len(cell) < 10)]
    if unread:
        row = strange[0] if cells[0] in numbers else unread[0]
        allowed = f"class names alone, such as {class_names[0]}, or class numbers alone"
        raise DataError(f"{_FIELD} {path} row {row}", allowed, cells[row])
    return np.array([int(cell) for cell in cells], dtype=np.int64)


def _npy(path: Path, column: str | None) -> Stored:
    if column is not None:
        raise DataError(f"{_FIELD} {path}", "no column, for an .npy file is one array", column)
    with _plain(path):
        return stored_npy(path)


def _npz(path: Path, column: str | None) -> Stored:
    with _plain(path):
        arrays = {name: stored_npz(path, name) for name in array_names(path)}
    flat = [name for name, array in arrays.items() if array.ndim == 1]
    return arrays[_chosen(path, column, list(arrays), flat)]


def _read(path: Path, stored: Stored) -> Array:
    with _plain(path):
        return stored.read()


@contextmanager
def _plain(path: Path) -> Iterator[None]:
    """Pickled objects are refused, too: reading one could run any code."""
    try:
        yield
    except ValueError as error:
        raise DataError(f"{_FIELD} {path}", "plain arrays", str(error)) from None


def _csv(path: Path, column: str | None) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            head, *rows = [row for row in csv.reader(text) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{_FIELD} {path}", "a table with commas, in UTF-8", str(error)) from None
    names = [name.strip() for name in head]
    place = names.index(_chosen(path, column, names, names))
    short = next((number for number, row in enumerate(rows) if len(row) <= place), None)
    if short is not None:
        raise DataError(f"{_FIELD} {path} row {short}", f"{len(names)} columns", len(rows[short]))
    return [row[place].strip() for row in rows]


def _txt(path: Path, column: str | None) -> list[str]:
    if column is not None:
        raise DataError(f"{_FIELD} {path}", "no column, for a .txt file has one label a line", column)
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise DataError(f"{_FIELD} {path}", "text in UTF-8", str(error)) from None


def _chosen(path: Path, column: str | None, names: Sequence[str], candidates: Sequence[str]) -> str:
    """The column that was asked for, or the only one that it can be."""
    if column is None and len(candidates) == 1:
        return candidates[0]
    if column is None or column not in names:
        allowed = f"column= one of {', '.join(names)}" if names else "a column of labels"
        raise DataError(f"{_FIELD} {path}", allowed, column)
    return column


_READERS: Mapping[str, Callable[[Path, str | None], Stored | list[str]]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".csv": _csv,
    ".txt": _txt,
}
