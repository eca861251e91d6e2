"""`Record`: what a trial has given so far, growing epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # a store can be read without torch
    from lossbench.train import Epoch

__all__ = ["FIRST_BATCH", "FIRST_BATCH_CROSS_ENTROPY", "Record", "Row"]

FIRST_BATCH = "first_batch"
"""The split's name in the first row of epoch 0: the first training batch, before any step."""

FIRST_BATCH_CROSS_ENTROPY = "first_batch_cross_entropy"
"""The split's name in the second row of epoch 0: what cross entropy gives at the same place."""


@dataclass(frozen=True)
class Row:
    """One line of a trial's history.csv; what was not measured is NaN."""

    epoch: int
    split: str
    loss: float
    accuracy: float = math.nan
    precision: float = math.nan
    recall: float = math.nan
    f1: float = math.nan
    nll: float = math.nan
    brier: float = math.nan
    ece: float = math.nan
    mean_confidence: float = math.nan
    gradient_norm: float = math.nan

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The names in the file's head."""
        return tuple(column.name for column in fields(cls))

    def measured(self) -> dict[str, float]:
        """What was measured and is finite, by `split/metric`."""
        values = {name: getattr(self, name) for name in self.columns()[2:]}
        return {f"{self.split}/{name}": value for name, value in values.items() if math.isfinite(value)}


@dataclass(frozen=True, eq=False)
class Record:
    """What a trial has given so far.

    Args:
        rows: of every evaluated epoch and split, and the first batch's.
        counts: confusion counts by (epoch, split), each (classes, classes); with label noise also of `train_clean` and
            `train_wrong` (`train_running_clean`, `train_running_wrong`), as `Epoch.counts` has them.
        logits: of test and validation, by `test.last`, `validation.last`, and `....selected` with a validation split;
            each float32 (n, classes).
        log_probabilities: of a loss whose probabilities are not the softmax of its logits, by `test.last`,
            `validation.last`, each float64 (n, classes), as wide as what the history was computed from; else empty.
        selected_epoch: the first epoch of greatest validation accuracy; None without a validation split.
        diverged: why the trial ended early; empty when it did not.
        epochs: epochs that were trained to their end.
    """

    rows: tuple[Row, ...] = ()
    counts: Mapping[tuple[int, str], np.ndarray] = field(default_factory=dict)
    logits: Mapping[str, np.ndarray] = field(default_factory=dict)
    log_probabilities: Mapping[str, np.ndarray] = field(default_factory=dict)
    selected_epoch: int | None = None
    diverged: str = ""
    epochs: int = 0

    def noted(self, epoch: Epoch) -> Record:
        """The record with one more epoch."""
        if epoch.number == 0:
            rows = [Row(0, FIRST_BATCH, epoch.loss, gradient_norm=epoch.gradient_norm)]
            if epoch.cross_entropy:
                loss, norm = epoch.cross_entropy
                rows.append(Row(0, FIRST_BATCH_CROSS_ENTROPY, loss, gradient_norm=norm))
            return replace(self, rows=(*self.rows, *rows))
        if epoch.diverged:
            return replace(self, diverged=epoch.diverged)
        record = replace(self, epochs=epoch.number)
        if not epoch.evaluations:
            return record
        rows = [_row(epoch, split) for split in epoch.evaluations]
        counts = {split: evaluation.counts for split, evaluation in epoch.evaluations.items()} | dict(epoch.counts)
        last = {f"{split}.last": logits for split, logits in epoch.logits.items()}
        linked = {f"{split}.last": log_p for split, log_p in epoch.log_probabilities.items()}
        record = replace(
            record,
            rows=(*self.rows, *rows),
            counts={**self.counts, **{(epoch.number, split): table for split, table in counts.items()}},
            logits={**self.logits, **last},
            log_probabilities={**self.log_probabilities, **linked},
        )
        return record._selected(epoch)

    def _selected(self, epoch: Epoch) -> Record:
        """The record with this epoch selected, if its validation accuracy is the greatest so far."""
        if "validation" not in epoch.evaluations:
            return self
        accuracy = {row.epoch: row.accuracy for row in self.rows if row.split == "validation"}
        if self.selected_epoch is not None and accuracy[epoch.number] <= accuracy[self.selected_epoch]:
            return self
        chosen = {f"{split}.selected": logits for split, logits in epoch.logits.items()}
        return replace(self, logits={**self.logits, **chosen}, selected_epoch=epoch.number)

    def measured(self, epoch: int) -> dict[str, float]:
        """What was measured after an epoch, by `split/metric`; nothing where it was not evaluated."""
        return {name: value for row in self.rows if row.epoch == epoch for name, value in row.measured().items()}

    def outcome(self) -> dict[str, Any]:
        """How the trial ended, as outcome.json says it."""
        return {
            "status": "diverged" if self.diverged else "finished",
            "epochs": self.epochs,
            "selected_epoch": self.selected_epoch,
            "reason": self.diverged,
        }


def _row(epoch: Epoch, split: str) -> Row:
    evaluation = epoch.evaluations[split]
    return Row(
        epoch=epoch.number,
        split=split,
        loss=evaluation.loss,
        **asdict(evaluation.scores),
        nll=evaluation.nll,
        brier=evaluation.brier,
        ece=evaluation.ece,
        mean_confidence=evaluation.mean_confidence,
        gradient_norm=epoch.gradient_norm if split.startswith("train") else math.nan,
    )
