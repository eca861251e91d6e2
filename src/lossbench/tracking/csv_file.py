"""A plain CSV file: one row per trial, evaluated epoch and split, appended as they come."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from lossbench.results.spreadsheet import csv_bytes, unguarded
from lossbench.store import Row
from lossbench.tracking.appended import Appended
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
        self._head = csv_bytes(pl.DataFrame(schema=_SCHEMA))
        self._file = Appended(where, field, self._is_ours)
        self._known = set[tuple[str, str, int, str]]()
        self._size = 0

    def _is_ours(self, content: bytes) -> bool:
        """Whether it has our columns, be it that the write of their names was cut off."""
        return content.startswith(self._head) or self._head.startswith(content)

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        """Nothing: the rows say whose they are."""

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        """Appends a row per epoch and split."""
        with self._file.held() as file:
            if file.size != self._size:  # another run appends to it, too, or did before
                content = file.content()
                self._known = set(_known(content)) if content else set()
            rows = [row for point in points for row in _rows(trial, point) if _place(row) not in self._known]
            if rows:
                lines = csv_bytes(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), header=False)
                file.add(lines if file.size else self._head + lines)
                self._known |= {_place(row) for row in rows}
            self._size = file.size

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        """Nothing: there is no column for it."""

    def conclude(self, study: Concluded) -> None:
        """Nothing: the study's own tables stand beside its report."""

    def close(self) -> None:
        """Nothing is buffered."""


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
