"""How each trial of a table that somebody else made ended."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lossbench.errors import RequestError
from lossbench.results.table_columns import Measured

__all__ = ["Ended", "Table", "outcomes"]

_TRIAL = ["loss_function", "seed"]


@dataclass(frozen=True)
class Ended:
    """How one trial ended.

    Args:
        status: finished, diverged, failed or missing.
        epochs: the last epoch, up to the table's last, of which anything is known.
        reason: why it did not finish; a few words, or empty.
    """

    status: str
    epochs: int
    reason: str


@dataclass(frozen=True, eq=False)
class Table:
    """A table and what it is read for.

    Args:
        measured: its rows and values.
        split: of the primary metric.
        metric: the primary metric.
        last: its last epoch: the largest with a value of the primary metric.
    """

    measured: Measured
    split: str
    metric: str
    last: int

    def at(self, epoch: int) -> str:
        """Where a number is missing, in words; nothing where the table has no epochs."""
        return f" at epoch {epoch}" if self.measured.has_epochs else ""


def outcomes(table: Table) -> dict[tuple[str, int], Ended]:
    """The outcome of every loss and seed of a table.

    A trial ended as the table says in its column `status`. Where it says nothing, a trial

    - diverged where at its end, its own last epoch or the table's, there is no finite value at all, or the loss (of
      any split) or the primary metric is NaN or infinite, or the loss is empty there after it had values, while other
      trials have one;
    - else finished where it has the primary metric at the table's last epoch;
    - else failed.

    A trial that is said to have finished and has no value there failed. Pairs without a row, of a loss and a seed that
    others have, are missing.

    Raises:
        RequestError: a trial has two different statuses.
    """
    rows, said = table.measured.rows, _said(table.measured.rows)
    ends = {(loss, seed): epoch for loss, seed, epoch in rows.group_by(_TRIAL).agg(pl.col("epoch").max()).iter_rows()}
    values = {(str(key[0]), int(str(key[1]))): part for key, part in table.measured.values.group_by(_TRIAL)}
    common = _splits_with_a_last_loss(table)
    nothing = table.measured.values.clear()
    found = {}
    for loss in sorted(set(rows["loss_function"])):
        for seed in sorted(set(rows["seed"])):
            pair = (loss, seed)
            if pair not in ends:
                found[pair] = Ended("missing", 0, "")
                continue
            found[pair] = _Trial(table, values.get(pair, nothing), ends[pair], common).ended(said.get(pair))
    return found


def _said(rows: pl.DataFrame) -> dict[tuple[str, int], str]:
    """The statuses that the table gives."""
    found: dict[tuple[str, int], str] = {}
    given = rows.filter(pl.col("status").is_not_null()).select(*_TRIAL, "status").unique().sort(*_TRIAL, "status")
    for loss, seed, status in given.iter_rows():
        if (loss, seed) in found:
            both = f"{found[loss, seed]} and {status} of {loss}, seed {seed}"
            raise RequestError("column status", "one status per loss and seed", both)
        found[loss, seed] = status
    return found


def _splits_with_a_last_loss(table: Table) -> set[str]:
    """The splits whose loss some trial has at the last epoch."""
    there = (pl.col("metric") == "loss") & (pl.col("epoch") == table.last) & pl.col("value").is_finite()
    return set(table.measured.values.filter(there)["split"])


class _Trial:
    """One trial's values up to its end."""

    def __init__(self, table: Table, values: pl.DataFrame, end: int, common: set[str]) -> None:
        self.table = table
        self.end = min(end, table.last)
        self.stops = end < table.last
        self.values = values.filter(pl.col("epoch") <= table.last)
        self.common = common

    def ended(self, said: str | None) -> Ended:
        known = self.values.filter(pl.col("value").is_finite())["epoch"]
        done = max(known, default=0)
        lost = self._lost() if said is None else ""
        if said == "missing":
            return Ended("missing", 0, "the table says so")
        if said in ("diverged", "failed"):
            return Ended(said, done, "the table says so")
        if lost:
            return Ended("diverged", done, lost)
        if self._has_primary():
            return Ended("finished", self.table.last, "")
        if self.stops:
            return Ended("failed", done, f"stops at epoch {self.end} of {self.table.last}")
        name = f"{self.table.split} {self.table.metric}"
        return Ended("failed", done, f"no {name}{self.table.at(self.end)}")

    def _has_primary(self) -> bool:
        at = self._cells(self.table.metric, self.table.last).filter(pl.col("split") == self.table.split)
        return bool(at["value"].is_not_nan().any())

    def _lost(self) -> str:
        """What is no longer a finite number at the trial's end; nothing where all is."""
        at = self.table.at(self.end)
        if not self.values.filter((pl.col("epoch") == self.end) & pl.col("value").is_finite()).height:
            return f"no finite value{at}"
        for name, split in (("loss", None), (self.table.metric, self.table.split)):
            cells = self._cells(name, self.end).filter(~pl.col("value").is_finite()).sort("split")
            for row in cells.iter_rows(named=True):
                if split in (None, row["split"]):
                    return f"{row['split']} {name} is {row['value']:g}{at}"
        for split in sorted(self.common if not self.stops else ()):
            losses = self.values.filter((pl.col("metric") == "loss") & (pl.col("split") == split))
            if losses.height and self.end not in set(losses["epoch"]):
                return f"no {split} loss after epoch {max(losses['epoch'])}"
        return ""

    def _cells(self, metric: str, epoch: int) -> pl.DataFrame:
        return self.values.filter((pl.col("metric") == metric) & (pl.col("epoch") == epoch))
