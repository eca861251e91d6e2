"""The course of training: overfitting, still learning at the end, worse at the end than before."""

from __future__ import annotations

import math

import numpy as np

from lossbench.analysis.explain.observed import Curve, Observed
from lossbench.analysis.explain.rule import Reading, Rule
from lossbench.analysis.trends import FEWEST_EPOCHS, TREND, kendall_tau

__all__ = [
    "LAST_PART",
    "OVERFITTING",
    "RISEN",
    "SLOPE",
    "STILL_LEARNING",
    "WORSE_THAN_BEST",
    "WORSE_THAN_ITSELF_EARLIER",
]

LAST_PART = 0.2
"""Share of the evaluated epochs that counts as the end: long enough to look past one epoch's noise."""

RISEN = 0.05
"""Share of the least test loss, or of the fall to it if that is more, by which test loss rises at least.

The second keeps a loss that fell from 2 to 0.04 and wavers at 0.05 from counting; neither depends on a loss's unit.
"""

SLOPE = 0.002
"""Test accuracy per epoch: at this pace five more epochs gain 0.01, the usual margin of practical importance."""

WORSE_THAN_BEST = 0.02
"""In test accuracy: twice that margin, for the best of many epochs lies above their mean by noise alone."""


def _overfitting(trial: Observed) -> Reading | None:
    tested, trained = trial.curve("test", "loss"), trial.curve("train", "loss")
    if len(tested) < FEWEST_EPOCHS or trial.last_epoch not in tested or trial.last_epoch not in trained:
        return None
    epoch = min(tested, key=lambda number: (tested[number], number))
    if epoch not in trained:
        return None
    least, first = tested[epoch], next(iter(tested.values()))
    enough = RISEN * max(abs(least), first - least)
    risen = all(value - least > enough for value in _end(tested, 2).values())
    values = {
        "epoch": float(epoch),
        "least": least,
        "last": tested[trial.last_epoch],
        "train_then": trained[epoch],
        "train_last": trained[trial.last_epoch],
    }
    return Reading(risen and values["train_last"] < values["train_then"], values)


def _still_learning(trial: Observed) -> Reading | None:
    """By slope and trend over the end.

    Test accuracy alone rises by a few pictures now and then; a network that still learns gets better on both splits.
    """
    tested = trial.curve("test", "accuracy")
    if len(tested) < FEWEST_EPOCHS or trial.last_epoch not in tested:
        return None
    end = _end(tested, FEWEST_EPOCHS)
    slope, trained = _slope(end), _end(trial.curve("train", "accuracy"), FEWEST_EPOCHS)
    values = {
        "slope": slope,
        "epoch": float(next(iter(end))),
        "accuracy": tested[trial.last_epoch],
    }
    rises = slope > SLOPE and kendall_tau(end) > TREND
    return Reading(rises and (len(trained) < FEWEST_EPOCHS or _slope(trained) > SLOPE), values)


def _worse_than_itself_earlier(trial: Observed) -> Reading | None:
    tested = trial.curve("test", "accuracy")
    last = tested.get(trial.last_epoch)
    if last is None or len(tested) < 2:
        return None
    epoch = max(tested, key=lambda number: (tested[number], -number))
    best = tested[epoch]
    return Reading(
        best - last > WORSE_THAN_BEST, {"epoch": float(epoch), "best": best, "last": last, "drop": best - last}
    )


def _slope(curve: Curve) -> float:
    """Per epoch, by least squares."""
    epochs = np.array(list(curve), float)
    return float(np.polyfit(epochs - epochs[0], list(curve.values()), 1)[0])


def _end(curve: Curve, fewest: int) -> Curve:
    """The last fifth of the evaluated epochs, and at least so many."""
    count = max(fewest, math.ceil(LAST_PART * len(curve)))
    return dict(list(curve.items())[-count:])


OVERFITTING = Rule(
    "overfitting",
    RISEN,
    f"Over the last {100 * LAST_PART:g} % of the evaluated epochs (at least 2) test loss stays above its least value "
    f"by more than {100 * RISEN:g} % of that value, or of the fall to it if that is more, while train loss ends below "
    "what it was at the epoch of least test loss.",
    _overfitting,
)

STILL_LEARNING = Rule(
    "still_learning",
    SLOPE,
    f"Over the last {100 * LAST_PART:g} % of the evaluated epochs (at least {FEWEST_EPOCHS}) test accuracy, and train "
    f"accuracy where it is recorded, rise by more than {SLOPE:g} per epoch (least squares), test accuracy with a "
    f"Kendall's tau above {TREND:g}.",
    _still_learning,
)

WORSE_THAN_ITSELF_EARLIER = Rule(
    "worse_than_itself_earlier",
    WORSE_THAN_BEST,
    f"Test accuracy at the last epoch is more than {WORSE_THAN_BEST:g} below its own best evaluated epoch.",
    _worse_than_itself_earlier,
)
