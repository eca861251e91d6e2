"""Results made up by hand, from values per loss, seed and epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from lossbench.analysis import METRICS
from lossbench.results import HISTORY_COLUMNS, DataView, LossView, Results
from lossbench.results.types import CLASS_COLUMNS

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
    detailed: bool = False,
) -> Results:
    """Results of losses and seeds; `status` marks trials that did not finish.

    A diverged trial keeps its history up to, by bad luck, the last epoch; a failed or missing one has none. `detailed`
    ones have what a store gives beyond the history: NLL and Brier score per picture, the classes' scores, medians of
    logits, and with a validation split selected epochs and temperatures.
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
    classes: list[dict[str, Any]] = []
    for label in labels:
        for seed in seeds:
            known = values.get(label, {})
            ended = status.get((label, seed), "finished" if seed in known else "missing")
            trial = {"loss_function": label, "seed": seed, "status": ended}
            trials.append(trial)
            if ended in ("failed", "missing"):
                continue
            if detailed:
                last = measured(known[seed], EPOCHS, "test")
                trial |= _outputs(seed, last["ece"], calibrated=bool(validation) and ended == "finished")
            for epoch in range(1, EPOCHS + 1):
                for split in splits:
                    row = {"loss_function": label, "seed": seed, "epoch": epoch, "split": split, "status": ended}
                    history.append({**row, **measured(known[seed], epoch, split)})
                classes += _per_class(trial, epoch, measured(known[seed], epoch, "test")["accuracy"])
    return Results(
        study={
            "plan": {"metric": metric, "margin": margin},
            "recipe": {"epochs": EPOCHS, "train_metrics": train_metrics},
        },
        losses=tuple(view(label) for label in labels),
        data=DataView("made", "0", ("a", "b"), 5000, PICTURES, validation, (8, 8, 1)),
        history=pl.DataFrame(history).select(HISTORY_COLUMNS) if history else empty(),
        trials=pl.DataFrame(trials, schema=_TRIALS) if detailed else pl.DataFrame(trials),
        correct=correct or {},
        confusion={},
        provenance={},
        per_picture={name: _per_picture(values, status, name) for name in ("nll", "brier")} if detailed else {},
        classes=pl.DataFrame(classes if detailed else [], schema=CLASS_COLUMNS),
    )


_TRIALS: Mapping[str, Any] = {
    "loss_function": pl.String,
    "seed": pl.Int64,
    "status": pl.String,
    "selected_epoch": pl.Int64,
    "median_absolute_logit": pl.Float64,
    "median_true_logit": pl.Float64,
    "temperature": pl.Float64,
    "ece_calibrated": pl.Float64,
}


def _outputs(seed: int, ece: float, calibrated: bool) -> dict[str, Any]:
    """What an ended trial's last logits say; seeds select epochs 1, 2, 3, 1, ... in turn."""
    medians = {"median_absolute_logit": 2.0, "median_true_logit": 4.0}
    if not calibrated:
        return medians
    return {**medians, "selected_epoch": 1 + (seed - 1) % EPOCHS, "temperature": 1.5, "ece_calibrated": ece / 2}


def _per_class(trial: Mapping[str, Any], epoch: int, value: float) -> list[dict[str, Any]]:
    """The two classes lie 0.1 on either side of the primary metric."""
    places = {"loss_function": trial["loss_function"], "seed": trial["seed"], "epoch": epoch, "split": "test"}
    return [
        {**places, "class_name": name, "precision": v, "recall": v / 2, "f1": v / 4, "status": trial["status"]}
        for name, v in (("a", value + 0.1), ("b", value - 0.1))
    ]


def _per_picture(
    values: Values, status: Mapping[tuple[str, int], str], metric: str
) -> dict[str, dict[int, np.ndarray]]:
    """Values of every test picture around the last epoch's mean."""
    hard = np.random.default_rng(0).normal(size=PICTURES)
    found: dict[str, dict[int, np.ndarray]] = {}
    for place, (label, known) in enumerate(values.items()):
        for seed, value in known.items():
            if status.get((label, seed), "finished") == "finished":
                around = 1 + 0.5 * np.tanh(hard + np.random.default_rng([place, seed]).normal(size=PICTURES))
                of = found.setdefault(label, {})
                of[seed] = measured(value, EPOCHS, "test")[metric] * around / around.mean()
    return found


def empty() -> pl.DataFrame:
    text = ("loss_function", "split", "status")
    whole = ("seed", "epoch")
    return pl.DataFrame(
        schema={
            name: pl.String if name in text else pl.Int64 if name in whole else pl.Float64 for name in HISTORY_COLUMNS
        }
    )
