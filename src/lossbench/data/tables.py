"""Tables of numbers: every column but the label's is a feature, and the labels may be words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from lossbench.data.asked import LABEL_NAMES, Asked
from lossbench.data.checked import checked
from lossbench.data.found import Names
from lossbench.data.limits import check_fits
from lossbench.data.pictures import Pictures, Vectors
from lossbench.errors import DataError

__all__ = ["check_labels", "from_frames", "is_feature", "label_column", "named_labels", "vectors_of"]

_BYTES_PER_NUMBER = 4

Whole = npt.NDArray[np.integer]
Named = tuple[Whole, Whole, tuple[str, ...] | None]


def label_column(place: str, columns: Sequence[str], asked: Asked) -> str:
    """Which column holds the labels: the one that was asked for, or the first that has a usual name.

    Raises:
        DataError: there is none.
    """
    if asked.label_column is not None:
        if asked.label_column not in columns:
            raise DataError("label_column", f"one of the columns of {place}, {', '.join(columns)}", asked.label_column)
        return asked.label_column
    for name in LABEL_NAMES:
        if name in columns:
            return name
    allowed = f"a column of labels called {', '.join(LABEL_NAMES)}"
    raise DataError(place, allowed, ", ".join(columns) or "no columns", "name another with --label-column")


def is_feature(dtype: pl.DataType) -> bool:
    """Whether a column can be a feature: numbers, truth values, or lists of numbers."""
    inner = getattr(dtype, "inner", None)
    return dtype.is_numeric() or dtype == pl.Boolean or (dtype.is_nested() and inner is not None and inner.is_numeric())


def from_frames(
    name: str, place: str, train: pl.DataFrame, test: pl.DataFrame, label: str, class_names: Names | None = None
) -> Pictures:
    """The vectors of two tables with the same columns.

    Args:
        name: the data set's name.
        place: where it lies, named in errors.
        train: the training rows.
        test: the test rows; its columns may stand in another order.
        label: the column of labels: words, or numbers in the place of words.
        class_names: what labels that are numbers from 0 on mean, where that is known.

    Raises:
        DataError: a column that is no feature, a cell without a finite number, or labels that cannot be used.
    """
    names = [column for column in train.columns if column != label]
    if sorted(names) != sorted(column for column in test.columns if column != label):
        raise DataError(f"{place}, test", f"the columns of train, {', '.join(names)}", ", ".join(test.columns))
    check_fits(place, (train.height + test.height) * _width(f"{place}, train", train, names) * _BYTES_PER_NUMBER)
    first, second = (vectors_of(f"{place}, {split}", frame, names) for split, frame in _both(train, test))
    check_labels(place, train[label], test[label])
    if class_names is not None and train[label].dtype.is_integer() and test[label].dtype.is_integer():
        return checked(name, place, (first, train[label].to_numpy()), (second, test[label].to_numpy()), class_names)
    labels = named_labels(place, train[label], test[label])
    return checked(name, place, (first, labels[0]), (second, labels[1]), labels[2])


def named_labels(place: str, train: pl.Series, test: pl.Series, class_names: Sequence[str] | None = None) -> Named:
    """Labels as numbers, and what these mean: the different values of the training split, sorted.

    Args:
        place: where they lie, named in errors.
        train: words, or numbers in the place of words.
        test: the same.
        class_names: the words in another order; None for the sorted one.

    Raises:
        DataError: a row without a label, values that are neither words nor whole numbers, or a label that is not among
            the names.
    """
    check_labels(place, train, test)
    worded = not (train.dtype.is_integer() and test.dtype.is_integer())
    first, second = (labels.cast(pl.String if worded else pl.Int64) for labels in (train, test))
    values = first.unique().sort().to_list() if class_names is None else [str(name) for name in class_names]
    whose = "the labels of train" if class_names is None else "the class names"
    numbers = [
        _places(f"{place}, {split}", labels, values, whose) for split, labels in (("train", first), ("test", second))
    ]
    return numbers[0], numbers[1], tuple(str(value) for value in values)


def _places(place: str, labels: pl.Series, values: Sequence[object], whose: str) -> Whole:
    """Where among the values each label stands."""
    known = {value: number for number, value in enumerate(values)}
    strange = labels.is_in(list(known)).not_()
    if strange.any():
        row = int(strange.arg_max() or 0)
        allowed = f"one of {whose}, {', '.join(str(value) for value in values[:20])}"
        raise DataError(f"{place} row {row}", allowed, str(labels[row]))
    return np.array([known[label] for label in labels], dtype=np.int64)


def check_labels(place: str, train: pl.Series, test: pl.Series) -> None:
    """Refuses what can be no label.

    Raises:
        DataError: a row without a label, values that are neither words nor whole numbers, or numbers past int64.
    """
    for split, labels in (("train", train), ("test", test)):
        if labels.null_count():
            raise DataError(f"{place}, {split} row {labels.is_null().arg_max()}", "a label", "nothing")
        if not (labels.dtype.is_integer() or labels.dtype in (pl.String, pl.Boolean, pl.Categorical, pl.Enum)):
            allowed = f"words or whole numbers in column {labels.name!r}"
            raise DataError(f"{place}, {split}", allowed, str(labels.dtype))
        if labels.dtype.is_integer() and (lost := labels.cast(pl.Int64, strict=False).is_null()).any():
            row = int(lost.arg_max() or 0)
            raise DataError(f"{place}, {split} row {row}", "a label of at most 2^63 - 1", str(labels[row]))


def _both(train: pl.DataFrame, test: pl.DataFrame) -> tuple[tuple[str, pl.DataFrame], ...]:
    return ("train", train), ("test", test)


def _width(place: str, frame: pl.DataFrame, names: Sequence[str]) -> int:
    """How many features a row has."""
    for name in names:
        if not is_feature(frame.schema[name]):
            allowed = "numbers in every column but the labels'"
            raise DataError(place, allowed, f"{frame.schema[name]} in column {name!r}", "leave that column out")
    return sum(_length(place, frame[name]) for name in names)


def _length(place: str, column: pl.Series) -> int:
    """How many features a column holds: one, or as many as each of its lists is long."""
    if not column.dtype.is_nested() or column.is_empty():
        return 1
    lengths = (column if isinstance(column.dtype, pl.List) else column.arr.to_list()).list.len().unique()
    if lengths.null_count() or len(lengths) != 1:
        received = f"{', '.join(str(length) for length in lengths.sort().head(5))} of them"
        raise DataError(place, f"lists of one length in column {column.name!r}", received)
    return int(lengths[0])


def vectors_of(place: str, frame: pl.DataFrame, names: Sequence[str]) -> Vectors:
    """The features (rows, features), float32, a column after another.

    Args:
        place: where they lie, named in errors.
        frame: at least one row.
        names: the columns that are features.

    Raises:
        DataError: a column that is no feature, a cell without a finite number, or no row.
    """
    if frame.is_empty():
        raise DataError(place, "at least one row", "none")
    out = np.empty((frame.height, _width(place, frame, names)), dtype=np.float32)
    at = 0
    for name in names:
        length = _length(place, frame[name])
        out[:, at : at + length] = _numbers(place, frame[name], length)
        at += length
    return out


def _numbers(place: str, column: pl.Series, length: int) -> Vectors:
    flat = column.explode() if column.dtype.is_nested() else column
    values = flat.cast(pl.Float64).fill_null(float("nan")).to_numpy().reshape(len(column), length)
    with np.errstate(over="ignore"):  # what becomes infinite is refused next
        numbers = values.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        row = int(wrong[0, 0])
        cell = "nothing" if flat.is_null()[row * length + int(wrong[0, 1])] else str(values[tuple(wrong[0])])
        raise DataError(f"{place} row {row}, column {column.name}", "finite numbers, of at most 3.4e38", cell)
    return numbers
