"""What is asked of an analysis again and again: one estimate, one comparison seen from one side, a metric's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lossbench.analysis.types import Analysis, Comparison, Estimate, Standing
from lossbench.figures.curves import SCENARIO_NAMES, split_title

__all__ = [
    "best_set",
    "between",
    "column_title",
    "estimate",
    "finished",
    "last_epoch",
    "metric_title",
    "pair",
    "primary",
    "standings",
]

_TITLES = {
    "f1": "F1",
    "nll": "negative log-likelihood",
    "brier": "Brier score",
    "ece": "calibration error",
    "top5": "top-5 accuracy",
    "auroc": "area under the ROC curve",
    "ece_calibrated": "calibration error after temperature scaling",
    **SCENARIO_NAMES,
}
_COLUMNS = {
    "f1": "F1",
    "nll": "NLL",
    "brier": "Brier",
    "ece": "ECE",
    "top5": "Top-5",
    "auroc": "AUROC",
    **SCENARIO_NAMES,
}


def metric_title(metric: str) -> str:
    """`test.accuracy` as running text: `test accuracy`."""
    split, _, column = metric.rpartition(".")
    return f"{split_title(split)} {_TITLES.get(column, column)}".strip()


def column_title(column: str) -> str:
    """A metric at the head of a table's column."""
    return _COLUMNS.get(column, column)


def estimate(analysis: Analysis, loss: str, column: str, split: str = "test") -> Estimate | None:
    """The last epoch's estimate of all classes, with a value, or None; `train` also finds running metrics."""
    wanted = {split, "train_running"} if split == "train" else {split}
    found = (e for e in last_epoch(analysis) if e.loss == loss and e.metric == column and e.split in wanted)
    return next((item for item in found if item.mean is not None), None)


def last_epoch(analysis: Analysis) -> Iterator[Estimate]:
    """The estimates at the last epoch, of all classes together."""
    return (item for item in analysis.estimates if item.epoch is not None and item.class_name is None)


def primary(analysis: Analysis, loss: str) -> Estimate | None:
    """A loss's estimate in the study's own metric."""
    split, _, column = analysis.metric.partition(".")
    return estimate(analysis, loss, column, split)


def finished(analysis: Analysis) -> list[Estimate]:
    """The estimates in the study's own metric, best first, of the losses that have one."""
    return [item for loss in analysis.ranking if (item := primary(analysis, loss)) is not None]


def standings(analysis: Analysis) -> dict[str, Standing]:
    """Where each loss stands; empty where nothing was asked."""
    return {item.loss: item for item in analysis.standings}


def best_set(analysis: Analysis) -> tuple[str, ...]:
    """The finished losses not shown to be below the best, best mean first; none where that cannot be asked."""
    best = {item.loss for item in analysis.standings if item.best and item.finished}
    return tuple(loss for loss in analysis.ranking if loss in best)


def pair(analysis: Analysis, a: str, b: str) -> Comparison | None:
    """The comparison of two losses as seen from the first."""
    for item in analysis.comparisons:
        if (item.a, item.b) == (a, b):
            return item
        if (item.a, item.b) == (b, a):
            return item.turned()
    return None


def between(analysis: Analysis, losses: Sequence[str]) -> list[Comparison]:
    """The comparisons among some losses."""
    return [item for item in analysis.comparisons if item.a in losses and item.b in losses]
