"""The results table: finished, diverged, failed and missing trials of one study, as values.

Nothing here or below imports torch or the catalogue: the losses' cards reach the report as `LossView`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from lossbench.metrics import LOWER_IS_BETTER
from lossbench.results.scenario_columns import SCENARIO_COLUMNS
from lossbench.spec import OwnMetric, own_metrics

__all__ = [
    "CLASS_COLUMNS",
    "HISTORY_COLUMNS",
    "HISTORY_SCHEMA",
    "LOGIT_COLUMNS",
    "TRIALS_SCHEMA",
    "DataView",
    "LossView",
    "Results",
]

HISTORY_COLUMNS = (
    "loss_function",
    "seed",
    "epoch",
    "split",
    "loss",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "nll",
    "brier",
    "ece",
    "status",
)

LOGIT_COLUMNS = ("top5", "auroc")
"""Columns of the history that the last logits fill, of test and validation: with more than five classes the share of
pictures whose class is among the five highest logits, and the area under the ROC curve."""

HISTORY_SCHEMA: Mapping[str, Any] = {
    "loss_function": pl.String,
    "seed": pl.Int64,
    "epoch": pl.Int64,
    "split": pl.String,
    **dict.fromkeys(HISTORY_COLUMNS[4:-1], pl.Float64),
    "status": pl.String,
    "mean_confidence": pl.Float64,
    "gradient_norm": pl.Float64,
    **dict.fromkeys(SCENARIO_COLUMNS, pl.Float64),
    **dict.fromkeys(LOGIT_COLUMNS, pl.Float64),
}

TRIALS_SCHEMA: Mapping[str, Any] = {
    "loss_function": pl.String,
    "seed": pl.Int64,
    "key": pl.String,
    "status": pl.String,
    "epochs": pl.Int64,
    "reason": pl.String,
    "seconds": pl.Float64,
    "selected_epoch": pl.Int64,
    "initial_gradient_norm": pl.Float64,
    "cross_entropy_gradient_norm": pl.Float64,
    "median_absolute_logit": pl.Float64,
    "median_true_logit": pl.Float64,
    "temperature": pl.Float64,
    "ece_calibrated": pl.Float64,
}

CLASS_COLUMNS: Mapping[str, Any] = {
    "loss_function": pl.String,
    "seed": pl.Int64,
    "epoch": pl.Int64,
    "split": pl.String,
    "class_name": pl.String,
    "precision": pl.Float64,
    "recall": pl.Float64,
    "f1": pl.Float64,
    "status": pl.String,
}


@dataclass(frozen=True)
class LossView:
    """What a report shows of a loss: its card as plain values, and its drawn definition.

    Args:
        label: the loss as the study writes it, `focal(gamma=2)`.
        name: its name in the catalogue, `focal`.
        title: its name for people, `Focal loss`.
        formula: TeX, without dollar signs.
        purpose: one sentence.
        hyperparameters: every one with its value, defaults filled in.
        strengths: (text, source) pairs.
        weaknesses: (text, source) pairs.
        reference: the paper in one line.
        margin: z_y minus the other logits, which are all 0; shape (points,).
        probability: softmax probability of the true class at that margin; shape (points,).
        value: the loss; shape (points,).
        gradient: its derivative by z_y; shape (points,).
        num_classes: the number of classes that the curve was drawn for.
        when: when to use it, one sentence; empty where nobody says.
        overrides: what it is trained with instead of the study's recipe; empty for most.
    """

    label: str
    name: str
    title: str
    formula: str
    purpose: str
    hyperparameters: Mapping[str, Any]
    strengths: tuple[tuple[str, str], ...]
    weaknesses: tuple[tuple[str, str], ...]
    reference: str
    margin: tuple[float, ...]
    probability: tuple[float, ...]
    value: tuple[float, ...]
    gradient: tuple[float, ...]
    num_classes: int
    when: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class DataView:
    """What a report shows of the data.

    Args:
        name: the data set's name.
        digest: of the decoded pictures and labels.
        class_names: one per class.
        train: pictures trained on, the validation split not counted.
        test: pictures in the test split.
        validation: pictures held out of the training split.
        size: (height, width, channels), or of feature vectors (features,).
        samples: per class a few training pictures, uint8 (count, height, width, channels); empty for vectors.
        class_counts: how many training pictures each class has, by what they show; empty where that is not known.
        mislabelled: how many training pictures have a wrong label, at the first seed.
        resized: whether any picture was of another size, and resized to that one.
    """

    name: str
    digest: str
    class_names: tuple[str, ...]
    train: int
    test: int
    validation: int
    size: tuple[int, ...]
    samples: tuple[np.ndarray, ...] = ()
    class_counts: tuple[int, ...] = ()
    mislabelled: int = 0
    resized: bool = False

    @property
    def called(self) -> str:
        """What one example is called, in the plural."""
        return "pictures" if len(self.size) == 3 else "examples"


@dataclass(frozen=True, eq=False)
class Results:
    """One study's results.

    Args:
        study: the resolved study as plain values (`name`, `question`, `data`, `models`, `losses`, `seeds`,
            `recipe`, `plan`, ...), as in its study.yaml.
        losses: one view per loss, in the study's order.
        data: what was trained on.
        history: one row per loss, seed, evaluated epoch and split, sorted so, with the columns of
            `HISTORY_COLUMNS` and `mean_confidence`, `gradient_norm` (of the train split, else null); `memorised`,
            `corrected` (of the training pictures that label noise made wrong, the shares predicted as labelled and as
            what they show) and `accuracy_clean` (against what all training pictures show), of the train split with
            label noise; `many`, `medium`, `few` (mean recall of the classes with the most training pictures, of those
            between and of those with the fewest), of the test split where classes are unequal; at the last epoch, of
            test and validation, `top5`, `auroc` and a column for each of the study's own metrics. `split` is
            `train` (`train_running` where measured during the epoch), `test`, `validation`; `status` the trial's.
        trials: one row per loss and seed: `loss_function, seed, key, status` (finished, diverged, failed, missing),
            `epochs` done, `reason`, `seconds`, `selected_epoch`, `initial_gradient_norm` (of the first batch at the
            first weights), `cross_entropy_gradient_norm` (what cross entropy has there); of the last test logits
            `median_absolute_logit` (of all of them) and `median_true_logit` (of the true class's); `temperature` (by
            which the last logits are divided for the least validation NLL) and `ece_calibrated` (the test ECE after
            that), both null without a validation split.
        correct: per loss, for its finished seeds, which test pictures the last epoch got right:
            {seed: bool (pictures,)}.
        confusion: per loss and finished seed the last test confusion counts, int64 (true class, predicted class).
        per_picture: of `nll` and `brier`, per loss and finished seed, the last test value of every picture:
            {metric: {loss: {seed: float64 (pictures,)}}}.
        classes: one row per loss, seed, evaluated epoch and class of the test split, sorted so: `loss_function, seed,
            epoch, split, class_name, precision, recall, f1, status`.
        calibration: per loss and finished seed what a reliability diagram of the last test probabilities draws, float64
            (3, bins): pictures, summed confidence and hits of every bin, as `metrics.reliability` gives them.
        provenance: what the trials ran on: each of `torch`, `device`, `machine`, `precision`, ... with the set of
            values met, sorted; more than one value means that the comparison mixes them.
        unmeasured: (loss, seed, metric, reason) of every value of the study's own metrics that is not there.
    """

    study: Mapping[str, Any]
    losses: tuple[LossView, ...]
    data: DataView
    history: pl.DataFrame
    trials: pl.DataFrame
    correct: Mapping[str, Mapping[int, np.ndarray]]
    confusion: Mapping[str, Mapping[int, np.ndarray]]
    provenance: Mapping[str, tuple[str, ...]]
    per_picture: Mapping[str, Mapping[str, Mapping[int, np.ndarray]]] = field(default_factory=dict)
    classes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CLASS_COLUMNS))
    calibration: Mapping[str, Mapping[int, np.ndarray]] = field(default_factory=dict)
    unmeasured: tuple[tuple[str, int, str, str], ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The losses as the study writes them, in its order."""
        return tuple(loss.label for loss in self.losses)

    @property
    def external(self) -> bool:
        """Whether the trials were trained elsewhere, so that nothing is known of them but a table of numbers."""
        return "data" not in self.study

    @property
    def scale_free(self) -> bool:
        """Whether the optimizer's steps are as long whatever the gradient's scale: Adam divides by it."""
        optimizer = self.study.get("recipe", {}).get("optimizer", {})
        return optimizer.get("name") in ("adam", "adamw")

    @property
    def all_ended(self) -> bool:
        """Whether no trial failed or is missing."""
        return bool(self.trials["status"].is_in(["finished", "diverged"]).all())

    def measured(self, *columns: str) -> bool:
        """Whether the history has a value in any of these columns."""
        there = [column for column in columns if column in self.history.columns]
        return any(self.history[column].is_not_null().any() for column in there)

    @property
    def own_metrics(self) -> Mapping[str, OwnMetric]:
        """The study's own metrics by name."""
        return own_metrics(self.study["plan"])

    @property
    def logit_metrics(self) -> tuple[str, ...]:
        """What the last logits say beside what every epoch does, as far as it was measured or is asked for."""
        asked = str(self.study["plan"]["metric"]).rpartition(".")[2]
        return tuple(name for name in (*LOGIT_COLUMNS, *self.own_metrics) if name == asked or self.measured(name))

    def lower_is_better(self, metric: str) -> bool:
        """Whether a metric's good direction is down."""
        own = self.own_metrics.get(metric)
        return metric in LOWER_IS_BETTER if own is None else own.lower

    @property
    def last_epoch(self) -> int:
        """The recipe's number of epochs: what "last" means for a finished trial."""
        return int(self.study["recipe"]["epochs"])
