"""What is asked of an analysis again and again: one estimate, one comparison seen from one side, a metric's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lossbench.analysis.types import Analysis, Comparison, Estimate, Verdict
from lossbench.figures.curves import split_title

__all__ = ["LOWER_IS_BETTER", "between", "column_title", "estimate", "finished", "metric_title", "pair", "primary"]

LOWER_IS_BETTER = frozenset({"loss", "nll", "brier", "ece"})

_TITLES = {"f1": "F1", "nll": "negative log-likelihood", "brier": "Brier score", "ece": "calibration error"}
_COLUMNS = {"f1": "F1", "nll": "NLL", "brier": "Brier", "ece": "ECE"}
_OPPOSITE: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}


def metric_title(metric: str) -> str:
    """`test.accuracy` as running text: `test accuracy`."""
    split, _, column = metric.rpartition(".")
    return f"{split_title(split)} {_TITLES.get(column, column)}".strip()


def column_title(column: str) -> str:
    """A metric at the head of a table's column."""
    return _COLUMNS.get(column, column)


def estimate(analysis: Analysis, loss: str, column: str, split: str = "test") -> Estimate | None:
    """An estimate with a value, or None; `train` also finds running metrics."""
    wanted = {split, "train_running"} if split == "train" else {split}
    found = (e for e in analysis.estimates if e.loss == loss and e.metric == column and e.split in wanted)
    return next((item for item in found if item.mean is not None), None)


def primary(analysis: Analysis, loss: str) -> Estimate | None:
    """A loss's estimate in the study's own metric."""
    split, _, column = analysis.metric.partition(".")
    return estimate(analysis, loss, column, split)


def finished(analysis: Analysis) -> list[Estimate]:
    """The estimates in the study's own metric, best first, of the losses that have one."""
    return [item for loss in analysis.ranking if (item := primary(analysis, loss)) is not None]


def pair(analysis: Analysis, a: str, b: str) -> Comparison | None:
    """The comparison of two losses as seen from the first."""
    for item in analysis.comparisons:
        if (item.a, item.b) == (a, b):
            return item
        if (item.a, item.b) == (b, a):
            return _turned(item)
    return None


def between(analysis: Analysis, losses: Sequence[str]) -> list[Comparison]:
    """The comparisons among some losses."""
    return [item for item in analysis.comparisons if item.a in losses and item.b in losses]


def _turned(item: Comparison) -> Comparison:
    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    superiority = item.probability_of_superiority
    return replace(
        item,
        a=item.b,
        b=item.a,
        difference=minus(item.difference),
        low=minus(item.high),
        high=minus(item.low),
        probability_of_superiority=None if superiority is None else 1 - superiority,
        verdict=_OPPOSITE.get(item.verdict, item.verdict),
    )
