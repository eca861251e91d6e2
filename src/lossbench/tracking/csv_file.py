"""A plain CSV file: one row per trial, evaluated epoch and split, appended as they come."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from lossbench.errors import RequestError
from lossbench.results.spreadsheet import csv_bytes, unguarded
from lossbench.store import Row
from lossbench.tracking.appended import opened
from lossbench.tracking.tracker import Concluded, Ended, Point, TrackedTrial

__all__ = ["CSVFile"]

_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("study", "condition", "loss_function"), pl.String),
    "seed": pl.Int64,
    "key": pl.String,
    "epoch": pl.Int64,
    "split": pl.String,
    **dict.fromkeys(Row.columns()[2:], pl.Float64),
}


class CSVFile:
    """Appends to a CSV file; rows that it has already, of a trial that goes on or is sent again, are not repeated.

    Args:
        where: the file.
        field: what a complaint is about.

    Raises:
        RequestError: the file is something else.
    """

    def __init__(self, where: str, field: str) -> None:
        self._file = opened(where, field)
        self._head = csv_bytes(pl.DataFrame(schema=_SCHEMA))
        self._known = set[tuple[str, str, int, str]]()
        self._size = 0
        try:
            self._read()
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise RequestError(field, "a new file, or one that csv wrote before", f"{where} ({error})") from None

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        """Nothing: the rows say whose they are."""

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        """Appends a row per epoch and split."""
        if self._file.size != self._size:  # another run of the study appends to it, too
            self._read()
        rows = [row for point in points for row in _rows(trial, point) if _place(row) not in self._known]
        if rows:
            table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
            lines = csv_bytes(table, header=False)
            self._file.add(lines if self._size else self._head + lines)
            self._size = self._file.size
            self._known |= {_place(row) for row in rows}

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        """Nothing: there is no column for it."""

    def conclude(self, study: Concluded) -> None:
        """Nothing: the study's own tables stand beside its report."""

    def close(self) -> None:
        """Nothing is buffered."""

    def _read(self) -> None:
        """Takes note of the rows that are there.

        Raises:
            ValueError: the file has other columns.
        """
        content = self._file.content()
        if content and not content.startswith(self._head):
            raise ValueError("it has other columns")
        self._known = set(_known(content)) if content else set()
        self._size = len(content)


def _rows(trial: TrackedTrial, point: Point) -> Iterator[dict[str, Any]]:
    splits: dict[str, dict[str, float]] = {}
    for name, value in point.metrics.items():
        split, _, metric = name.partition("/")
        splits.setdefault(split, {})[metric] = value
    for split, values in splits.items():
        yield {
            **dict.fromkeys(_SCHEMA),
            "study": trial.study,
            "condition": trial.condition,
            "loss_function": trial.loss_function,
            "seed": trial.seed,
            "key": trial.key,
            "epoch": point.epoch,
            "split": split,
            **values,
        }


def _place(row: dict[str, Any]) -> tuple[str, str, int, str]:
    return row["study"], row["key"], row["epoch"], row["split"]


def _known(content: bytes) -> Iterator[tuple[str, str, int, str]]:
    table = pl.read_csv(io.BytesIO(content), schema=_SCHEMA)
    for row in table.select("study", "key", "epoch", "split").iter_rows():
        yield unguarded(row[0] or ""), *row[1:]
