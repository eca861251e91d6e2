"""Which columns of a Parquet file hold pictures and labels, and what the labels mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lossbench.data.parquet_footer import check_footer
from lossbench.errors import DataError

__all__ = ["Columns", "columns_of", "picture_column", "readable_parquet"]

_PICTURE_NAMES = ("image", "img")
_LABEL_NAMES = ("label", "labels", "fine_label")


@dataclass(frozen=True)
class Columns:
    """The columns by name; `class_names` is None where the file does not say."""

    picture: str
    label: str
    class_names: tuple[str, ...] | None


def columns_of(file: Path) -> Columns:
    """Finds the columns by the feature types that Hugging Face writes beside them, else by their usual names.

    Raises:
        DataError: the file is no Parquet file, or its columns cannot be told.
    """
    columns, features = _told(file)
    picture = _column(file, "Image", _PICTURE_NAMES, columns, features)
    label = _column(file, "ClassLabel", _LABEL_NAMES, columns, features)
    return Columns(picture, label, _class_names(features.get(label, {})))


def picture_column(file: Path) -> str:
    """The column of pictures alone, of a file that need not have labels.

    Raises:
        DataError: as `columns_of`.
    """
    return _column(file, "Image", _PICTURE_NAMES, *_told(file))


def _told(file: Path) -> tuple[list[str], Mapping[str, Mapping[str, object]]]:
    """The columns, and what the metadata say of them."""
    # Opened here: a path given to Polars is a pattern, in which `*` and `[` mean something else.
    with readable_parquet(file), file.open("rb") as stream:
        columns = list(pl.read_parquet_schema(stream))
        stream.seek(0)
        return columns, _features(pl.read_parquet_metadata(stream).get("huggingface", "{}"))


@contextmanager
def readable_parquet(file: Path) -> Iterator[None]:
    """Checks a file's footer, and makes one sentence of what a damaged one does to its reader, which may panic.

    Raises:
        DataError: the file cannot be read, or would take more than it can be worth.
    """
    try:
        check_footer(file)
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        raise DataError(str(file), "a readable Parquet file", str(error)) from None


def _features(text: str) -> Mapping[str, Mapping[str, object]]:
    """What the metadata say of each column; nothing where they are of another form."""
    try:
        features = json.loads(text)["info"]["features"]
        return {name: feature for name, feature in features.items() if isinstance(feature, dict)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _column(
    file: Path, kind: str, usual: tuple[str, ...], columns: list[str], features: Mapping[str, Mapping[str, object]]
) -> str:
    typed = [name for name in columns if features.get(name, {}).get("_type") == kind]
    if len(typed) == 1:
        return typed[0]
    for name in usual:
        if name in (typed or columns):
            return name
    allowed = f"a column of type {kind}, or one called {', '.join(usual)}"
    raise DataError(str(file), allowed, ", ".join(typed or columns) or "no columns")


def _class_names(feature: Mapping[str, object]) -> tuple[str, ...] | None:
    names = feature.get("names")
    if isinstance(names, list) and names:
        return tuple(str(name) for name in names)
    return None
