"""What a hypothesis is about: one measure of every loss, seed and evaluated epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from lossbench.results import Results
from lossbench.spec import Measure

__all__ = ["Curve", "Measured"]

Curve = Mapping[int, float]  # epoch -> value, epochs ascending


@dataclass(frozen=True, eq=False)
class Measured:
    """One measure of the trials that ended.

    Args:
        measure: what was measured.
        last_epoch: what "last" means for a finished trial.
        curves: per loss and seed that finished, the value of every epoch that has one, epochs ascending.
        diverged: per loss the seeds that diverged, ascending.
        anywhere: the losses that it was measured for, diverged trials included.
        higher_is_better: the metric's good direction.
    """

    measure: Measure
    last_epoch: int
    curves: Mapping[str, Mapping[int, Curve]]
    diverged: Mapping[str, tuple[int, ...]]
    anywhere: frozenset[str]
    higher_is_better: bool = True

    @classmethod
    def of(cls, results: Results, measure: Measure) -> Measured:
        """Reads it off the table; the order of its rows changes nothing."""
        rows = _rows(results, measure)
        curves: dict[str, dict[int, dict[int, float]]] = {label: {} for label in results.labels}
        for loss, seed, epoch, value, status in sorted(rows):
            if status == "finished" and loss in curves:
                curves[loss].setdefault(seed, {})[epoch] = value
        lost = sorted(results.trials.filter(pl.col("status") == "diverged").select("loss_function", "seed").rows())
        diverged = {label: tuple(seed for loss, seed in lost if loss == label) for label in results.labels}
        anywhere = frozenset(loss for loss, *_ in rows)
        better = not results.lower_is_better(measure.metric)
        return cls(measure, results.last_epoch, curves, diverged, anywhere, better)

    def last(self, loss: str) -> dict[int, float]:
        """By finished seed the value at the last epoch."""
        curves = self.curves[loss].items()
        return {seed: curve[self.last_epoch] for seed, curve in curves if self.last_epoch in curve}

    def epochs(self, losses: Iterable[str]) -> tuple[int, ...]:
        """The epochs that every finished trial of these losses has, ascending."""
        curves = [set(curve) for loss in losses for curve in self.curves[loss].values()]
        return tuple(sorted(set.intersection(*curves))) if curves else ()

    def along(self, loss: str, epochs: Iterable[int]) -> dict[int, float]:
        """By finished seed the mean over these epochs; a seed that lacks one of them is left out."""
        wanted = tuple(epochs)
        whole = {seed: curve for seed, curve in self.curves[loss].items() if wanted and set(wanted) <= set(curve)}
        return {seed: math.fsum(curve[epoch] for epoch in wanted) / len(wanted) for seed, curve in whole.items()}

    def compared(self, loss: str, epochs: Iterable[int] | None) -> dict[int, float]:
        """By finished seed what is compared: the last value, or the mean over some epochs."""
        return self.last(loss) if epochs is None else self.along(loss, epochs)

    def finite(self, loss: str, epochs: Iterable[int] | None) -> bool:
        """Whether all of it is finite: a probability of 0 has an infinite NLL."""
        return all(math.isfinite(value) for value in self.compared(loss, epochs).values())


def _rows(results: Results, measure: Measure) -> list[tuple[str, int, int, float, str]]:
    """Loss, seed, epoch, value and status wherever there is a value; `train` also finds `train_running`."""
    table = results.classes if measure.class_name else results.history
    if measure.metric not in table.columns:
        return []
    if measure.class_name:
        table = table.filter(pl.col("class_name") == measure.class_name)
    value = pl.col(measure.metric).cast(pl.Float64)
    table = table.filter(value.is_not_null() & ~value.is_nan())
    for split in (measure.split, *(["train_running"] if measure.split == "train" else [])):
        found = table.filter(pl.col("split") == split)
        if found.height:
            return found.select("loss_function", "seed", "epoch", value, "status").rows()
    return []
