"""What one trial recorded, as plain values: what the rules look at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from lossbench.results import Results

__all__ = ["Curve", "Observed", "observed"]

Curve = Mapping[int, float]
"""Value by evaluated epoch, ascending; what was not measured or is not finite is left out."""

_CURVES = ("loss", "accuracy", "ece", "mean_confidence", "gradient_norm")
_NUMBERS = (
    "initial_gradient_norm",
    "cross_entropy_gradient_norm",
    "median_absolute_logit",
    "median_true_logit",
)


@dataclass(frozen=True, eq=False)
class Observed:
    """One trial that finished or diverged.

    Args:
        loss: the loss's label.
        seed: the trial's seed.
        finished: whether it was trained to its last epoch.
        last_epoch: the recipe's number of epochs.
        classes: how many there are; 0 where nobody says.
        curves: by split (`train`, also where measured during the epoch, or `test`) and column of the history.
        numbers: what the table of trials says of it, where it does.
        counts: the last test confusion counts, (true class, predicted class); None where there are none.
        best_trained: the highest last train accuracy of any loss at this seed; None where there is none.
        scale_free: whether the optimizer's steps are as long whatever the gradient's scale, or the loss has a learning
            rate of its own, which may make up for it.
    """

    loss: str
    seed: int
    finished: bool
    last_epoch: int
    classes: int
    curves: Mapping[tuple[str, str], Curve]
    numbers: Mapping[str, float]
    counts: np.ndarray | None
    best_trained: float | None = None
    scale_free: bool = False

    def curve(self, split: str, column: str) -> Curve:
        """A column of the history on a split; empty where it was not recorded."""
        return self.curves.get((split, column), {})

    def last(self, split: str, column: str) -> float | None:
        """The same at the last epoch; None where it was not recorded there."""
        return self.curve(split, column).get(self.last_epoch)


def observed(results: Results) -> Mapping[str, tuple[Observed, ...]]:
    """The finished and diverged trials of every loss, seeds ascending, in the study's order of losses."""
    ended = {
        (trial["loss_function"], trial["seed"]): trial
        for trial in results.trials.iter_rows(named=True)
        if trial["status"] in ("finished", "diverged")
    }
    curves = _curves(results.history)
    best: dict[int, float] = {}
    for (loss, seed), trial in ended.items():
        trained = curves.get((loss, seed), {}).get(("train", "accuracy"), {}).get(results.last_epoch)
        if trial["status"] == "finished" and trained is not None:
            best[seed] = max(trained, best.get(seed, 0.0))
    own_rate = {view.label for view in results.losses if "lr" in view.overrides}
    return {
        label: tuple(
            Observed(
                loss=label,
                seed=seed,
                finished=ended[label, seed]["status"] == "finished",
                last_epoch=results.last_epoch,
                classes=len(results.data.class_names),
                curves=curves.get((label, seed), {}),
                numbers=_numbers(ended[label, seed]),
                counts=results.confusion.get(label, {}).get(seed),
                best_trained=best.get(seed),
                scale_free=results.scale_free or label in own_rate,
            )
            for seed in sorted(seed for loss, seed in ended if loss == label)
        )
        for label in results.labels
    }


def _curves(history: pl.DataFrame) -> dict[tuple[str, int], dict[tuple[str, str], dict[int, float]]]:
    """Every trial's curves."""
    found: dict[tuple[str, int], dict[tuple[str, str], dict[int, float]]] = {}
    for split, column, loss, seed, epoch, value in _cells(history):
        found.setdefault((loss, seed), {}).setdefault((split, column), {})[epoch] = value
    return found


def _cells(history: pl.DataFrame) -> Iterator[tuple[str, str, str, int, int, float]]:
    """The train split's are those after the epoch where a column has both.

    Column by column: a table with running metrics may have gradient norms, which are of the train split.
    """
    for column in _CURVES:
        if column not in history.columns:
            continue
        value = pl.col(column).cast(pl.Float64)
        known = history.filter(value.is_finite()).sort("loss_function", "seed", "epoch")
        train = "train" if "train" in known["split"] else "train_running"
        for split, source in (("train", train), ("test", "test")):
            cells = known.filter(pl.col("split") == source).select("loss_function", "seed", "epoch", value)
            for loss, seed, epoch, number in cells.iter_rows():
                yield split, column, loss, seed, epoch, number


def _numbers(trial: Mapping[str, object]) -> dict[str, float]:
    known = {name: trial.get(name) for name in _NUMBERS}
    return {name: x for name, x in known.items() if isinstance(x, int | float) and math.isfinite(x)}
