"""Any table as a frame: a file, a frame of polars, pandas or Arrow, a mapping of columns, a list of rows."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lossbench.data.parquet_footer import check_footer
from lossbench.errors import RequestError
from lossbench.results.spreadsheet import unguarded

__all__ = ["frame_of"]

_SEPARATORS = (",", ";", "\t", "|")
_PARQUET = (".parquet", ".pq")


def frame_of(table: object) -> pl.DataFrame:
    """A table as a polars frame; the cells of a text file as text.

    Args:
        table: the path of a text file, whose cells are separated by commas, semicolons, tabs or bars, or of a Parquet
            file (`.parquet`, `.pq`); a frame of polars or pandas, or anything that hands out Arrow data; a mapping of
            columns; a list of mappings, one per row. In a frame of pandas NaN is an empty cell.

    Raises:
        RequestError: it is none of these, or cannot be read.
    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if isinstance(table, str | os.PathLike):
        return _of_file(Path(os.fspath(table)))
    if isinstance(table, Mapping):
        return _of_columns(table)
    if hasattr(table, "notna") and hasattr(table, "astype"):
        return _of_pandas(table)
    if hasattr(table, "__arrow_c_stream__"):
        return pl.DataFrame(table)
    if isinstance(table, Sequence) and all(isinstance(row, Mapping) for row in table):
        names = dict.fromkeys(name for row in table for name in row)
        return _of_columns({name: [row.get(name) for row in table] for name in names})
    raise RequestError("table", "the path of a CSV or Parquet file, a data frame, columns, or a list of rows", table)


def _of_file(path: Path) -> pl.DataFrame:
    try:
        if path.suffix.lower() in _PARQUET:
            check_footer(path)
            return pl.read_parquet(path.read_bytes())
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        allowed = "a readable table, CSV or Parquet"
        raise RequestError(str(path), allowed, f"nothing readable ({error.strerror})") from None
    except UnicodeDecodeError:
        raise RequestError(str(path), "a text file in UTF-8, or Parquet named .parquet", "other bytes") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        raise RequestError(str(path), "a Parquet file", str(error)) from None
    return _of_text(path, text)


def _of_text(path: Path, text: str) -> pl.DataFrame:
    """The separator is the one that divides the head into most cells; lines without a filled cell are left out."""
    head_line = next((line for line in text.splitlines() if line.strip()), "")
    try:
        separator = max(_SEPARATORS, key=lambda s: len(next(csv.reader([head_line], delimiter=s), [])))
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise RequestError(str(path), "a table with a head and one row per line", str(error)) from None
    head, *rows = [line for line in lines if any(cell.strip() for cell in line)] or [[]]
    if not head:
        raise RequestError(str(path), "a table with a head and one row per line", "an empty file")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(head):
            allowed = f"{len(head)} cells in every row, as in the head"
            raise RequestError(str(path), allowed, f"{len(row)} in row {number}")
    names = [name.strip() for name in head]
    _check_different(str(path), [name for name in names if name])
    columns = zip(*(map(unguarded, row) for row in rows), strict=True) if rows else [()] * len(names)
    return pl.DataFrame(
        [pl.Series(name, cells, dtype=pl.String) for name, cells in zip(names, columns, strict=True) if name]
    )


def _of_pandas(table: Any) -> pl.DataFrame:
    filled = table.astype(object).where(table.notna(), None)
    names = [str(name) for name in filled.columns]
    _check_different("table", names)
    return _of_columns({name: filled.iloc[:, place].tolist() for place, name in enumerate(names)})


def _check_different(field: str, names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RequestError(field, "columns with different names", f"{twice} {names.count(twice)} times")


def _of_columns(table: Mapping[Any, Any]) -> pl.DataFrame:
    columns = {str(name): _listed(str(name), cells) for name, cells in table.items()}
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RequestError("table", "columns of one length", lengths)
    try:
        return pl.DataFrame([_series(name, cells) for name, cells in columns.items()])
    except UnicodeEncodeError:
        raise RequestError("table", "text that is valid Unicode", "half of a surrogate pair") from None


def _listed(name: str, cells: Any) -> list[Any]:
    made = cells.tolist() if hasattr(cells, "tolist") else cells.to_list() if hasattr(cells, "to_list") else cells
    if isinstance(made, str) or not isinstance(made, Sequence):
        raise RequestError(f"column {name}", "a list of cells", cells)
    return list(made)


def _series(name: str, cells: Sequence[Any]) -> pl.Series:
    """Numbers as numbers; a column that holds anything else as text."""
    plain = [cell.item() if hasattr(cell, "item") and not hasattr(cell, "__len__") else cell for cell in cells]
    kinds = {type(cell) for cell in plain if cell is not None}
    huge = any(isinstance(cell, int) and not -(2**63) <= cell < 2**63 for cell in plain)
    if kinds <= {int} and not huge:
        return pl.Series(name, plain, dtype=pl.Int64)
    if kinds <= {int, float} and not huge:
        return pl.Series(name, [None if cell is None else float(cell) for cell in plain], dtype=pl.Float64)
    return pl.Series(name, [None if cell is None else str(cell) for cell in plain], dtype=pl.String)
