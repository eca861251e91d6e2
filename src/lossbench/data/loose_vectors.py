"""Feature vectors without labels, to be predicted: arrays and tables.

Nobody keeps what the features were called: they are known by their places, which are those of the training table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from lossbench.data.arrays import Stored, array_names, stored_npz
from lossbench.data.asked import LABEL_NAMES
from lossbench.data.csv_tables import read_csv_table
from lossbench.data.features import readable_parquet
from lossbench.data.pictures import Vectors
from lossbench.data.tables import vectors_of
from lossbench.errors import DataError
from lossbench.errors import visible as printable

__all__ = ["LooseVectors", "loose_vectors", "of_vector_array"]

_NAME = "x_test"  # which array of an .npz file is meant, where there are several
_FIELD = "PICTURES"
_ALLOWED = "vectors in .npz, .csv or .parquet files"


@dataclass(frozen=True)
class LooseVectors:
    """Vectors from one place.

    Args:
        names: what the table calls each of them.
        values: float32 (n, features), finite.
        left_out: the column of labels that was there, too.
    """

    names: Sequence[str]
    values: Vectors
    left_out: str | None = None

    def batches(self, size: int) -> Iterator[Vectors]:
        """All of them in their order, so many at a time."""
        return (self.values[start : start + size] for start in range(0, len(self.values), size))


def loose_vectors(paths: Sequence[str | Path], features: int, label: str | None = None) -> list[LooseVectors]:
    """Vectors by the paths of their files, in the order in which they were named.

    Args:
        paths: `.npz` files, whose array `x_test` is taken, or the only one of vectors; `.csv` and `.parquet` files,
            whose columns are features, but for one of labels.
        features: how many each has.
        label: the column of labels, which is left out; None for the first that has a usual name.

    Raises:
        DataError: one of them is none of these, or has no vectors of so many finite numbers.
    """
    found = [_of_file(Path(path), features, label) for path in paths]
    if not found:
        raise DataError(_FIELD, _ALLOWED, "nothing")
    return found


def of_vector_array(array: npt.NDArray[Any], name: str, features: int) -> LooseVectors:
    """An array of vectors, numbers (n, features).

    Args:
        array: the vectors.
        name: the table calls them `name[0]`, `name[1]`, ...
        features: how many each has.

    Raises:
        DataError: another shape, no numbers, or such as are not finite.
    """
    if array.ndim != 2 or array.dtype.kind not in "fiub" or array.shape[1] != features or not len(array):
        raise DataError(name, _shape(features), f"{array.dtype} of shape {array.shape}")
    with np.errstate(over="ignore"):  # what becomes infinite is refused next
        values = np.ascontiguousarray(array, dtype=np.float32)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, feature = (int(place) for place in wrong[0])
        where = f"{name} row {row}, feature {feature}"
        raise DataError(where, "finite numbers, of at most 3.4e38", str(array[row, feature]))
    return _named(values, name)


def _shape(features: int) -> str:
    return f"at least one vector of {features} numbers, as the classifier was trained with"


def _named(values: Vectors, name: str, left_out: str | None = None) -> LooseVectors:
    return LooseVectors([f"{name}[{row}]" for row in range(len(values))], values, left_out)


def _of_file(path: Path, features: int, label: str | None) -> LooseVectors:
    suffix = path.suffix.lower()
    if suffix not in (".npz", ".csv", ".parquet") or not path.is_file():
        raise DataError(_FIELD, _ALLOWED, str(path), "it is not there" if not path.exists() else "")
    name = printable(str(path))
    if suffix == ".npz":
        return of_vector_array(_array(path), name, features)
    return _of_table(read_csv_table(path) if suffix == ".csv" else _parquet(path), name, features, label)


def _array(path: Path) -> npt.NDArray[Any]:
    try:
        stored = {name: stored_npz(path, name) for name in array_names(path)}
        fitting = [_NAME] if _NAME in stored else [name for name, one in stored.items() if _holds_vectors(one)]
        if len(fitting) != 1:
            told = ", ".join(f"{name} ({one.dtype} of shape {one.shape})" for name, one in stored.items())
            raise DataError(str(path), f"an array {_NAME}, or one alone of numbers (n, features)", told or "none")
        return stored[fitting[0]].read()
    except (ValueError, OSError) as error:
        raise DataError(str(path), "an .npz file of plain arrays", str(error)) from None


def _holds_vectors(stored: Stored) -> bool:
    return stored.ndim == 2 and stored.dtype.kind in "fiub"


def _parquet(path: Path) -> pl.DataFrame:
    # Opened here: a path given to Polars is a pattern, in which `*` and `[` mean something else.
    with readable_parquet(path), path.open("rb") as stream:
        return pl.read_parquet(stream, glob=False, hive_partitioning=False)


def _of_table(frame: pl.DataFrame, name: str, features: int, label: str | None) -> LooseVectors:
    usual = LABEL_NAMES if label is None else (label,)
    left_out = next((column for column in usual if column in frame.columns), None)
    values = vectors_of(name, frame, [column for column in frame.columns if column != left_out])
    if values.shape[1] != features:
        hint = "the columns are those of the training table, in their order"
        without = f", without the column {left_out!r} of labels" if left_out is not None else ""
        raise DataError(name, _shape(features), f"{values.shape[1]} a row{without}", hint)
    return _named(values, name, left_out)
