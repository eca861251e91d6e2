"""Results made up by hand, from values per loss, seed and epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from lossbench.analysis import METRICS
from lossbench.results import HISTORY_COLUMNS, DataView, LossView, Results

EPOCHS = 3
PICTURES = 1000
Values = Mapping[str, Mapping[int, float]]  # loss -> seed -> the primary metric on the test split at the last epoch


def view(label: str) -> LossView:
    return LossView(label, label, label, "L", "p.", {}, (), (), "r", (0.0,), (0.5,), (1.0,), (-1.0,), 2)


def measured(value: float, epoch: int, split: str) -> dict[str, float]:
    """One row's metrics: the last epoch on the test split has `value` in all of them, shifted by the metric's place."""
    shift = 0.0 if (epoch, split) == (EPOCHS, "test") else 0.1 * (EPOCHS - epoch) + (0.05 if split != "test" else 0.0)
    return {metric: value + place / 100 - shift for place, metric in enumerate(METRICS)}


def results(
    values: Values,
    status: Mapping[tuple[str, int], str] | None = None,
    metric: str = "test.accuracy",
    margin: float = 0.01,
    train_metrics: str = "full",
    validation: int = 0,
    labels: Sequence[str] | None = None,
    correct: Mapping[str, Mapping[int, np.ndarray]] | None = None,
) -> Results:
    """Results of losses and seeds; `status` marks trials that did not finish.

    A diverged trial keeps its history up to, by bad luck, the last epoch; a failed or missing one has none.
    """
    status = status or {}
    labels = list(labels or values)
    seeds = sorted({seed for of in values.values() for seed in of} | {seed for _, seed in status})
    splits = [
        "train_running" if train_metrics == "running" else "train",
        *(["validation"] if validation else []),
        "test",
    ]
    trials: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    for label in labels:
        for seed in seeds:
            known = values.get(label, {})
            ended = status.get((label, seed), "finished" if seed in known else "missing")
            trials.append({"loss_function": label, "seed": seed, "status": ended})
            if ended in ("failed", "missing"):
                continue
            for epoch in range(1, EPOCHS + 1):
                for split in splits:
                    row = {"loss_function": label, "seed": seed, "epoch": epoch, "split": split, "status": ended}
                    history.append({**row, **measured(known[seed], epoch, split)})
    return Results(
        study={
            "plan": {"metric": metric, "margin": margin},
            "recipe": {"epochs": EPOCHS, "train_metrics": train_metrics},
        },
        losses=tuple(view(label) for label in labels),
        data=DataView("made", "0", ("a", "b"), 5000, PICTURES, validation, (8, 8, 1)),
        history=pl.DataFrame(history).select(HISTORY_COLUMNS) if history else empty(),
        trials=pl.DataFrame(trials),
        correct=correct or {},
        confusion={},
        provenance={},
    )


def empty() -> pl.DataFrame:
    text = ("loss_function", "split", "status")
    whole = ("seed", "epoch")
    return pl.DataFrame(
        schema={
            name: pl.String if name in text else pl.Int64 if name in whole else pl.Float64 for name in HISTORY_COLUMNS
        }
    )
