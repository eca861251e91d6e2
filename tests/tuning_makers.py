"""Small data to tune on, and an engine that answers at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lossbench.api.tuning.tune import tune
from lossbench.api.tuning.tuning import Tuning
from lossbench.data import Pictures
from lossbench.metrics import Evaluation
from lossbench.spec import Study, Trial
from lossbench.train import Epoch, Snapshot
from makers import made_pictures

PICTURES = 200  # of the split that the made engine says it evaluated


def written(path: Path, noise: int | None = None) -> Path:
    """Three classes of brightness as an .npz; with noise, test labels drawn at random."""
    made = made_pictures(train=60, test=30)
    labels = made.test.labels if noise is None else np.random.default_rng(noise).permutation(made.test.labels)
    path.mkdir(parents=True, exist_ok=True)
    train, test = made.train, made.test
    np.savez(path / "made.npz", x_train=train.pictures, y_train=train.labels, x_test=test.pictures, y_test=labels)
    return path / "made.npz"


def small(path: Path, **changes: Any) -> Study:
    """A study of two losses, two epochs each, on such a file."""
    recipe = {"epochs": 2, "batch_size": 16, "precision": "fp32", **changes.pop("recipe", {})}
    values = {"name": "small", "models": "mlp", "losses": ["cross_entropy", "gce"], "seeds": 2, **changes}
    return Study(data=str(path), recipe=recipe, **values)


def tuned(study: Study, save_dir: Path, budget: int = 8, **options: Any) -> Tuning:
    return tune(study, budget, save_dir=save_dir, executor="inline", **options)


def tried(tuning: Tuning) -> pl.DataFrame:
    """All that is told of the attempts but the time that they took."""
    return tuning.trials.drop("seconds")


def of(tuning: Tuning, loss: str) -> pl.DataFrame:
    return tuning.trials.filter(pl.col("loss_function") == loss)


Course = Callable[[Trial, int], float | str]
"""What a trial gives after an epoch: its accuracy on validation, or why it diverged; it may raise."""


def near(best: float) -> Course:
    """Accuracy falls with the distance from a learning rate, and rises over the epochs."""

    def accuracy(trial: Trial, epoch: int) -> float:
        distance = abs(math.log10(trial.recipe.optimizer.lr / best))
        return (0.95 - 0.2 * distance) * epoch / trial.recipe.epochs

    return accuracy


@dataclass
class MadeEngine:
    """An engine in the place of the real one, which notes what it was given."""

    course: Course = field(default_factory=lambda: near(0.02))
    trials: list[Trial] = field(default_factory=list)
    pictures: list[Pictures] = field(default_factory=list)

    def __call__(self, trial: Trial, pictures: Pictures, **options: Any) -> Iterator[Epoch]:
        self.trials.append(trial)
        self.pictures.append(pictures)
        yield Epoch(0, 1.0, 1.0, _nothing)
        for number in range(1, trial.recipe.epochs + 1):
            value = self.course(trial, number)
            if isinstance(value, str):
                yield Epoch(number, math.nan, 1.0, _nothing, diverged=value)
                return
            evaluations = {"validation": evaluation(value), "test": evaluation(1 - value)}
            yield Epoch(number, 1.0, 1.0, _nothing, evaluations if trial.recipe.evaluated(number) else {})


def evaluation(accuracy: float) -> Evaluation:
    """Of so many pictures of two classes, the right share of them right; its NLL is what is left to 1."""
    right = round(accuracy * PICTURES / 2)
    wrong = PICTURES // 2 - right
    return Evaluation(np.array([[right, wrong], [wrong, right]]), 1.0, 1 - accuracy, 0.1, 0.1, 0.5)


def _nothing() -> Snapshot:
    return Snapshot(0, {})
