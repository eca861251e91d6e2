"""What single trials give, put together into tables a few hundred at a time: as Python objects all would not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from lossbench.metrics import class_scores
from lossbench.results.types import CLASS_COLUMNS, HISTORY_SCHEMA

__all__ = ["Gathered", "Part"]

_PROVENANCE = (
    "lossbench",
    "commit",
    "torch",
    "numpy",
    "python",
    "device",
    "processor",
    "instruction_set",
    "system",
    "threads",
    "precision",
    "compiled",
)

_AT_ONCE = 256  # trials whose rows become one piece of a table

_SCORES = ("precision", "recall", "f1")


@dataclass(frozen=True, eq=False)
class Part:
    """What one trial gives to the results: its rows, and of its last epoch arrays by the name of their field.

    Args:
        trial: its row of `Results.trials`.
        history: its rows of `Results.history`.
        counts: the test split's confusion counts by epoch, ascending.
        provenance: where and when it ran.
        last: arrays of its last epoch by name.
        unmeasured: its rows of `Results.unmeasured`.
    """

    trial: dict[str, Any]
    history: Sequence[dict[str, Any]] = ()
    counts: Mapping[int, np.ndarray] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    last: Mapping[str, np.ndarray] = field(default_factory=dict)
    unmeasured: tuple[tuple[str, int, str, str], ...] = ()


class Gathered:
    """The parts so far; they are added in the order of the tables.

    Args:
        own: the study's own metrics, each with a column of the history.
        class_names: the data's.
    """

    def __init__(self, own: Sequence[str], class_names: Sequence[str]) -> None:
        self.trials: list[dict[str, Any]] = []
        self.unmeasured: list[tuple[str, int, str, str]] = []
        self._schema = {**HISTORY_SCHEMA, **dict.fromkeys(own, pl.Float64)}
        self._class_names = list(class_names)
        self._waiting: list[Part] = []
        self._histories: list[pl.DataFrame] = []
        self._classes: list[pl.DataFrame] = []
        self._last: dict[str, dict[str, dict[int, np.ndarray]]] = {}
        self._met: dict[str, set[str]] = {name: set() for name in _PROVENANCE}
        self._engines: set[str] = set()  # of a trial that was trained alone none is noted
        self._any_engine = False

    def add(self, part: Part) -> None:
        """Takes what one trial gives."""
        self.trials.append(part.trial)
        self.unmeasured += part.unmeasured
        for name, array in part.last.items():
            self._last.setdefault(name, {}).setdefault(part.trial["loss_function"], {})[part.trial["seed"]] = array
        for name, met in self._met.items():
            if part.provenance.get(name) not in (None, ""):
                met.add(str(part.provenance[name]))
        if part.provenance:
            self._any_engine |= "engine" in part.provenance
            self._engines.add(str(part.provenance.get("engine", "alone")))
        self._waiting.append(part)
        if len(self._waiting) == _AT_ONCE:
            self._settle()

    def history(self) -> pl.DataFrame:
        """The history of all trials, with a column for each of the study's own metrics."""
        self._settle()
        return pl.concat(self._histories, rechunk=True) if self._histories else pl.DataFrame(schema=self._schema)

    def classes(self) -> pl.DataFrame:
        """The scores of every class of all trials."""
        self._settle()
        return pl.concat(self._classes, rechunk=True) if self._classes else pl.DataFrame(schema=CLASS_COLUMNS)

    def last(self, name: str) -> dict[str, dict[int, np.ndarray]]:
        """An array of the last epoch by loss and finished seed, where it is known."""
        return self._last.get(name, {})

    def provenance(self) -> dict[str, tuple[str, ...]]:
        """Per kind of provenance the values met, sorted."""
        met = {**self._met, **({"engine": self._engines} if self._any_engine else {})}
        return {name: tuple(sorted(values)) for name, values in met.items()}

    def _settle(self) -> None:
        """Makes pieces of the tables of the rows that wait."""
        parts, self._waiting = self._waiting, []
        if parts:
            rows = [row for part in parts for row in part.history]
            self._histories.append(pl.DataFrame(rows, schema=self._schema, orient="row"))
            self._classes.append(_classes(parts, self._class_names))


def _classes(parts: Sequence[Part], names: Sequence[str]) -> pl.DataFrame:
    """The rows of `Results.classes` of some trials."""
    columns: dict[str, list[Any]] = {name: [] for name in CLASS_COLUMNS}
    for part in parts:
        rows = len(part.counts) * len(names)
        for name in ("loss_function", "seed", "status"):
            columns[name] += [part.trial[name]] * rows
        columns["split"] += ["test"] * rows
        columns["class_name"] += [*names] * len(part.counts)
        for epoch, table in part.counts.items():
            columns["epoch"] += [epoch] * len(names)
            scores = class_scores(table)
            for name in _SCORES:
                columns[name] += getattr(scores, name).tolist()
    return pl.DataFrame(columns, schema=CLASS_COLUMNS)
