"""Which columns of a Parquet file hold pictures, or features, and labels, and what the labels mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lossbench.data.asked import LABEL_NAMES, Asked
from lossbench.data.parquet_footer import check_footer
from lossbench.data.tables import is_feature
from lossbench.errors import DataError

__all__ = ["Columns", "columns_of", "picture_column", "readable_parquet"]

_PICTURE_NAMES = ("image", "img")


@dataclass(frozen=True)
class Columns:
    """The columns by name; `class_names` is None where the file does not say, `picture` in a file of features."""

    picture: str | None
    label: str
    class_names: tuple[str, ...] | None


def columns_of(file: Path, asked: Asked, train: Columns | None = None) -> Columns:
    """Finds the columns: as asked, or by the feature types that Hugging Face writes beside them, or by usual names.

    Args:
        file: of one split.
        asked: which columns are asked for.
        train: those of the training split, where this is another: of vectors the same are looked for.

    Raises:
        DataError: the file is no Parquet file, or its columns cannot be told.
    """
    schema, features = _told(file)
    columns = list(schema)
    if train is not None and train.picture is None:
        return Columns(None, train.label, _class_names(features.get(train.label, {})))
    vectors = asked.image_column is None and _are_vectors(schema, features, asked)
    picture = None if vectors else _column(file, "Image", _PICTURE_NAMES, columns, features, asked.image_column)
    label = _column(file, "ClassLabel", LABEL_NAMES, columns, features, asked.label_column)
    return Columns(picture, label, _class_names(features.get(label, {})))


def picture_column(file: Path) -> str:
    """The column of pictures alone, of a file that need not have labels.

    Raises:
        DataError: as `columns_of`.
    """
    schema, features = _told(file)
    return _column(file, "Image", _PICTURE_NAMES, list(schema), features, None)


def _told(file: Path) -> tuple[Mapping[str, pl.DataType], Mapping[str, Mapping[str, object]]]:
    """The columns with their types, and what the metadata say of them."""
    # Opened here: a path given to Polars is a pattern, in which `*` and `[` mean something else.
    with readable_parquet(file), file.open("rb") as stream:
        schema = pl.read_parquet_schema(stream)
        stream.seek(0)
        return schema, _features(pl.read_parquet_metadata(stream).get("huggingface", "{}"))


def _are_vectors(schema: Mapping[str, pl.DataType], features: Mapping[str, Mapping[str, object]], asked: Asked) -> bool:
    """Whether there is no picture, and every column but the label's is numbers."""
    if any(feature.get("_type") == "Image" for feature in features.values()):
        return False
    label = asked.label_column or next((name for name in LABEL_NAMES if name in schema), None)
    rest = [dtype for name, dtype in schema.items() if name != label]
    return bool(rest) and all(is_feature(dtype) for dtype in rest)


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
    file: Path,
    kind: str,
    usual: tuple[str, ...],
    columns: list[str],
    features: Mapping[str, Mapping[str, object]],
    asked: str | None,
) -> str:
    option = "--image-column" if kind == "Image" else "--label-column"
    if asked is not None:
        if asked not in columns:
            field = option.removeprefix("--").replace("-", "_")
            raise DataError(field, f"one of the columns of {file}, {', '.join(columns)}", asked)
        return asked
    typed = [name for name in columns if features.get(name, {}).get("_type") == kind]
    if len(typed) == 1:
        return typed[0]
    for name in usual:
        if name in (typed or columns):
            return name
    allowed = f"a column of type {kind}, or one called {', '.join(usual)}"
    hint = f"name another with {option}" if columns else ""
    raise DataError(str(file), allowed, ", ".join(typed or columns) or "no columns", hint)


def _class_names(feature: Mapping[str, object]) -> tuple[str, ...] | None:
    names = feature.get("names")
    if isinstance(names, list) and names:
        return tuple(str(name) for name in names)
    return None
