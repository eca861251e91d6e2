"""The one check that every source ends in: what leaves it can be trained with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lossbench.data.pictures import Pictures, Split, Values, digest_of, parts_of
from lossbench.errors import DataError

__all__ = ["Pair", "check_count", "checked"]

_ROWS_AT_ONCE = 4096
_FINITE = "finite numbers, of at most 3.4e38"

Pair = tuple[Values, npt.NDArray[np.integer]]


def checked(name: str, place: str, train: Pair, test: Pair, class_names: Sequence[str] | None = None) -> Pictures:
    """Builds the pictures of a data set, or says in one sentence what is wrong with it.

    Args:
        name: the data set's name.
        place: where it lies, named in errors.
        train: uint8 pictures (n, height, width, channels), or float32 vectors (n, features), and their labels (n,),
            any whole-number type.
        test: the same.
        class_names: what the labels mean; their numbers when it is None.

    Raises:
        DataError: an empty split, unfit shapes, a value that is not finite, a label outside the classes, a class
            without training pictures.
    """
    pairs = {"train": train, "test": test}
    for split, (pixels, labels) in pairs.items():
        _check_shape(f"{place}, {split}", pixels, labels)
    if train[0].shape[1:] != test[0].shape[1:]:
        allowed = f"the size of the training {_called(train[0])}, {_size(train[0])}"
        raise DataError(f"{place}, test", allowed, _size(test[0]))
    for split, (_, labels) in pairs.items():
        _check_whole(f"{place}, {split}", labels)
    names = tuple(class_names) if class_names is not None else _numbered(train[1])
    for split, (_, labels) in pairs.items():
        _check_labels(f"{place}, {split}", labels, len(names))
    _check_classes(place, train[1], names, _called(train[0]))
    first, second = _split(*train), _split(*test)
    return Pictures(name, first, second, names, digest_of(parts_of(first, second), names))


def _split(pixels: Values, labels: npt.NDArray[np.integer]) -> Split:
    return Split(np.ascontiguousarray(pixels), labels.astype(np.int64))


def check_count(place: str, pictures: int, labels: int, called: str = "pictures") -> None:
    """Raises a DataError unless there are as many labels as pictures, or whatever they are called."""
    if pictures != labels:
        raise DataError(place, f"one label for each of {pictures} {called}", f"{labels} labels")


def _check_shape(place: str, pixels: Values, labels: npt.NDArray[np.integer]) -> None:
    check_count(place, len(pixels), len(labels), _called(pixels))
    if not len(labels):
        raise DataError(place, f"at least one {_called(pixels)[:-1]}", "none")
    if pixels.ndim == 2:
        _check_vectors(place, pixels)
        return
    if pixels.shape[3] not in (1, 3):
        raise DataError(place, "pictures of 1 or 3 channels, which come last", pixels.shape)
    if not pixels.size:
        raise DataError(place, "pictures of at least one pixel", _size(pixels))


def _check_vectors(place: str, vectors: Values) -> None:
    """Row by row in pieces: a mask of everything may be a quarter of the data."""
    if not vectors.shape[1]:
        raise DataError(place, "vectors of at least one feature", "none")
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        wrong = np.argwhere(~np.isfinite(vectors[start : start + _ROWS_AT_ONCE]))
        if len(wrong):
            row, column = int(wrong[0, 0]) + start, int(wrong[0, 1])
            raise DataError(f"{place} row {row}, column {column}", _FINITE, str(vectors[row, column]))


def _called(values: Values) -> str:
    return "vectors" if values.ndim == 2 else "pictures"


def _check_whole(place: str, labels: npt.NDArray[np.integer]) -> None:
    """Whatever read them: `astype` would make -2^63 of a missing one."""
    if labels.dtype.kind not in "iu":
        raise DataError(place, "labels that are whole numbers", str(labels.dtype))


def _check_labels(place: str, labels: npt.NDArray[np.integer], classes: int) -> None:
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        hint = "-1 marks pictures whose labels were not published" if labels[wrong[0]] == -1 else ""
        allowed = f"a label from 0 to {classes - 1}" if classes else "a label of at least 0"
        raise DataError(f"{place} row {wrong[0]}", allowed, int(labels[wrong[0]]), hint)


def _check_classes(place: str, labels: npt.NDArray[np.integer], names: Sequence[str], called: str) -> None:
    if len(names) < 2:
        raise DataError(place, "at least two classes", f"only {names[0]!r}" if names else "none")
    missing = np.setdiff1d(np.arange(len(names)), labels)
    if len(missing):
        received = f"none of class {names[missing[0]]!r} (label {missing[0]})"
        raise DataError(f"{place}, train", f"{called} of every class", received)


def _numbered(labels: npt.NDArray[np.integer]) -> tuple[str, ...]:
    """'0', '1', ... up to the largest label; no more than there are pictures, however large a label is."""
    return tuple(str(number) for number in range(min(int(labels.max()) + 1, len(labels))))


def _size(pixels: Values) -> str:
    """Height × width × channels, or the number of features, as errors write it."""
    return "×".join(str(length) for length in pixels.shape[1:])
