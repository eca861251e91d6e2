"""The trials that did not finish, and the values that are missing: one by one, or counted where they are many."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import polars as pl

from lossbench.results import Results
from lossbench.text import MOST_ROWS, counted

__all__ = ["lost_frames", "unfinished", "unfinished_caption", "unmeasured", "unmeasured_listed"]

Row = TypeVar("Row")
Key = TypeVar("Key", bound=Hashable)

_UNFINISHED = ("loss_function", "seed", "status", "epochs", "reason")
_UNMEASURED = {"loss_function": pl.String, "seed": pl.Int64, "metric": pl.String, "reason": pl.String}


def unfinished(results: Results) -> list[Mapping[str, Any]]:
    """The trials that did not finish, in the study's order; of more than `MOST_ROWS` a row per loss, status and reason.

    Such a row has in the place of the seed how many they are, and of the epochs the fewest and the most.
    """
    rows = _unfinished(results)
    if len(rows) <= MOST_ROWS:
        return rows
    return [
        {
            **dict(zip(("loss_function", "status", "reason"), key, strict=True)),
            "seed": counted(len(group), "seed"),
            "epochs": _span([row["epochs"] or 0 for row in group]),
        }
        for key, group in _groups(rows, lambda row: (row["loss_function"], row["status"], row["reason"]))
    ]


def unfinished_caption(results: Results) -> str:
    """How many did not finish, and where they are listed if they are not listed here."""
    count = len(_unfinished(results))
    said = f"{count} of {results.trials.height} trials did not finish; they enter no mean"
    return f"{said}. Counted by loss, status and reason; unfinished.csv lists them" if count > MOST_ROWS else said


def unmeasured(results: Results) -> Sequence[tuple[str, int | str, str, str]]:
    """The missing values of own metrics; of more than `MOST_ROWS` a row per loss, metric and reason."""
    if len(results.unmeasured) <= MOST_ROWS:
        return results.unmeasured
    groups = _groups(results.unmeasured, lambda row: (row[0], row[2], row[3]))
    return [(loss, counted(len(group), "seed"), metric, reason) for (loss, metric, reason), group in groups]


def unmeasured_listed(results: Results) -> str:
    """Where missing values are listed, if the page does not list them; else nothing."""
    many = len(results.unmeasured) > MOST_ROWS
    return ". Counted by loss, metric and reason; unmeasured.csv lists them" if many else ""


def lost_frames(parts: Sequence[Results]) -> list[dict[str, pl.DataFrame]]:
    """What the pages of some conditions do not list, by the name of its file, for each of them.

    Where one page does not list them all, those that other pages list are there, too: the file of all conditions has
    every one.
    """
    found = [_lost(results) for results in parts]
    many = {name for tables in found for name, table in tables.items() if table.height > MOST_ROWS}
    return [{name: tables[name] for name in tables if name in many} for tables in found]


def _lost(results: Results) -> dict[str, pl.DataFrame]:
    types = {name: results.trials.schema[name] for name in _UNFINISHED}
    rows = [tuple(row[name] for name in _UNFINISHED) for row in _unfinished(results)]
    return {
        "unfinished": pl.DataFrame(rows, schema=types, orient="row"),
        "unmeasured": pl.DataFrame(list(results.unmeasured), schema=_UNMEASURED, orient="row"),
    }


def _unfinished(results: Results) -> list[Mapping[str, Any]]:
    places = {label: place for place, label in enumerate(results.labels)}
    rows = results.trials.filter(pl.col("status") != "finished").iter_rows(named=True)
    return sorted(rows, key=lambda row: (places[row["loss_function"]], row["seed"]))


def _groups(rows: Iterable[Row], key: Callable[[Row], Key]) -> Iterable[tuple[Key, list[Row]]]:
    """The rows that have the same key, in the order of the first of each."""
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found.items()


def _span(values: Sequence[int]) -> str:
    return " to ".join(dict.fromkeys((str(min(values)), str(max(values)))))
