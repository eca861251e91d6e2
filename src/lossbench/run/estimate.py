"""What a study will cost, measured on this machine just now."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch

from lossbench.data import Pictures
from lossbench.errors import TrialError, shown, told
from lossbench.run.repeatable import one_thread
from lossbench.spec import Scenario, Schedule, Trial
from lossbench.train import labels_of, train

__all__ = ["Estimate", "can_measure", "estimate"]

_BATCHES = 10
_EVALUATED = 1000
_BYTES_PER_NUMBER = 4
_COPIES = {"sgd": 2, "adam": 3, "adamw": 3}  # of the weights in a checkpoint: themselves, and the optimizer's averages
_BYTES_PER_ROW = 200  # of history.csv, as met in practice


@dataclass(frozen=True)
class Estimate:
    """What one trial will cost.

    Args:
        seconds: of one thread.
        disk_bytes: of its results.
        checkpoint_bytes: while it runs.
    """

    seconds: float
    disk_bytes: int
    checkpoint_bytes: int


def can_measure(device: str) -> bool:
    """Whether this machine has the device that trials are to be trained on, which may be a cluster's."""
    return torch.cuda.is_available() if device.startswith("cuda") else True


def estimate(trial: Trial, pictures: Pictures, device: str = "cpu", *, keep_weights: bool = False) -> Estimate:
    """Trains a few batches, evaluates a few pictures, and scales up.

    Args:
        trial: one of the study's; they differ in loss and seed, which cost the same to a good approximation.
        pictures: the data.
        device: a torch device.
        keep_weights: whether the last weights will be kept.

    Raises:
        TrialError: a user's model cannot be trained.
    """
    labels = labels_of(pictures, trial.scenario, trial.seed, trial.digests.get("label_noise"))
    try:
        per_training, per_evaluated, weights = _measure(trial, pictures, device)
    except (Exception, SystemExit) as error:  # whatever a user's model raises
        raise TrialError(f"no estimate, for training fails with {shown(told(error))}") from error
    recipe = trial.recipe
    evaluations = -(-recipe.epochs // recipe.eval_interval)  # at the interval, and always the last
    evaluated = sum(len(s) for name, s in labels.items() if name != "train" or recipe.train_metrics == "full")
    seconds = recipe.epochs * len(labels["train"]) * per_training + evaluations * evaluated * per_evaluated
    held_out = sum(len(s) for name, s in labels.items() if name != "train")
    kept_logits = held_out * pictures.num_classes * _BYTES_PER_NUMBER * (2 if "validation" in labels else 1)
    rows = evaluations * (len(labels) + (2 if trial.scenario.label_noise else 0))  # whose counts are kept thrice
    disk = kept_logits + rows * (_BYTES_PER_ROW + pictures.num_classes**2) + held_out * 8
    return Estimate(seconds, disk + (weights if keep_weights else 0), disk + _COPIES[recipe.optimizer.name] * weights)


def _measure(trial: Trial, pictures: Pictures, device: str) -> tuple[float, float, int]:
    """Seconds per picture trained on and per picture evaluated, and the bytes of the weights."""
    few = replace(
        pictures,
        train=pictures.train.take(range(min(len(pictures.train), _BATCHES * trial.recipe.batch_size))),
        test=pictures.test.take(range(min(len(pictures.test), _EVALUATED))),
    )
    # odd epochs train, even ones train and evaluate; the first two warm up; no schedule costs anything
    changes = {"epochs": 6, "schedule": Schedule(), "eval_interval": 2, "train_metrics": "running"}
    recipe = trial.recipe.model_copy(update=changes)
    scenario = Scenario(data=trial.scenario.data)  # a cut-down data set need not have what the scenario wants of it
    seconds: list[float] = []
    weights = 0
    with one_thread():
        began = time.perf_counter()
        for epoch in train(replace(trial, recipe=recipe, scenario=scenario), few, device=device):
            seconds.append(time.perf_counter() - began)
            if epoch.number == 0:
                tensors = epoch.snapshot().tensors.values()
                weights = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
            began = time.perf_counter()
    trained = min(seconds[3::2], default=seconds[-1])
    both = min(seconds[4::2], default=trained)
    return trained / len(few.train), max(both - trained, 0.0) / len(few.test), weights
