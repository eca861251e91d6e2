"""What is predicted at the end: at chance while the loss falls, a few classes only, outputs at the median."""

from __future__ import annotations

import math

import numpy as np

from lossbench.analysis.explain.observed import Observed
from lossbench.analysis.explain.rule import Reading, Rule
from lossbench.analysis.trends import FEWEST_EPOCHS, TREND, kendall_tau

__all__ = [
    "AT_MEDIAN",
    "CHANCE_WHILE_LOSS_FALLS",
    "COLLAPSED",
    "COST_OF_ZERO",
    "FEW_CLASSES",
    "LEAST_FALL",
    "MOST_ABOVE_CHANCE",
    "NEAR_CHANCE",
    "OUTPUTS_AT_MEDIAN",
    "near_chance",
]

NEAR_CHANCE = 2.0
"""Times 1/K below which an accuracy is near chance: two classes told apart from all others already give as much.

Guessing alone stays far nearer (within 0.01 on 10,000 pictures); L1 on CIFAR-10 wanders between 0.10 and 0.24 along
training, because outputs that are all about 0 are ranked by what little differs.
"""

MOST_ABOVE_CHANCE = 0.1
"""An accuracy near chance is less than this above it: with two classes, twice chance would be perfect."""

LEAST_FALL = 0.01
"""Share of its first evaluated value by which a falling loss falls; less is told apart by no reader."""

FEW_CLASSES = 0.5
"""Share of the classes present, both counted beyond the first, below which predictions have collapsed.

A network that learnt every class is near 1, one that never predicts two of ten classes at 0.8, L1 on CIFAR-10 at 0.04.
"""

AT_MEDIAN = 0.25
"""Most that the true class's median logit is away from 0: the target's median is three times nearer than its 1."""

COST_OF_ZERO = 0.1
"""How far, relatively, the train loss may be from an absolute error's at outputs of 0, which are never exactly 0."""


def near_chance(accuracy: float, classes: int) -> bool:
    """Whether an accuracy lies below `NEAR_CHANCE` / classes and less than `MOST_ABOVE_CHANCE` above 1 / classes."""
    return accuracy < NEAR_CHANCE / classes and accuracy - 1 / classes < MOST_ABOVE_CHANCE


def _chance_while_loss_falls(trial: Observed) -> Reading | None:
    accuracy, losses = trial.last("test", "accuracy"), trial.curve("train", "loss")
    if not trial.classes or accuracy is None or len(losses) < FEWEST_EPOCHS:
        return None
    first, *_, last = losses.values()
    falls = first - last > LEAST_FALL * abs(first) and kendall_tau(losses) < -TREND
    values = {
        "accuracy": accuracy,
        "highest_accuracy": max(trial.curve("test", "accuracy").values()),
        "chance": 1 / trial.classes,
        "first_loss": first,
        "last_loss": last,
    }
    return Reading(near_chance(accuracy, trial.classes) and falls, values)


def _collapsed(trial: Observed) -> Reading | None:
    """By exp of the entropy, the effective number of classes.

    References:
        Hill, 1973, Diversity and Evenness: A Unifying Notation and Its Consequences, doi:10.2307/1934352 (order 1).
    """
    if trial.counts is None:
        return None
    predicted, present = (_effective(trial.counts.sum(axis=axis)) for axis in (0, 1))
    if present <= 1:
        return None
    commonest = float(trial.counts.sum(axis=0).max() / trial.counts.sum())
    values = {"predicted_classes": predicted, "classes_present": present, "commonest_share": commonest}
    return Reading((predicted - 1) / (present - 1) < FEW_CLASSES, values)


def _outputs_at_median(trial: Observed) -> Reading | None:
    """Whether outputs sit where an absolute error against one-hot targets is least without telling classes apart.

    The mean absolute error is least at the conditional median. A class's one-hot target is 0 for most pictures, so
    its median is 0, while its mean, where a squared error is least, is the class's share, 1/K on average. Outputs that
    are small before training are told apart by the loss: an absolute error averaged over K classes is 1/K at 0.

    References:
        Koenker, Bassett, 1978, Regression Quantiles, doi:10.2307/1913643: the median minimises the absolute error.
    """
    absolute, true = (trial.numbers.get(name) for name in ("median_absolute_logit", "median_true_logit"))
    loss = trial.last("train", "loss")
    if not trial.classes or absolute is None or true is None or loss is None:
        return None
    largest = 1 / trial.classes
    if trial.counts is not None and trial.counts.sum():
        largest = float(trial.counts.sum(axis=1).max() / trial.counts.sum())
    cost = 1 / trial.classes
    values = {
        "median_absolute_logit": absolute,
        "median_true_logit": true,
        "least_share_of_zeros": 1 - largest,
        "cost_of_zero": cost,
        "train_loss": loss,
    }
    at_zero = absolute < cost / 2 and abs(true) < AT_MEDIAN
    return Reading(largest < 0.5 and at_zero and abs(loss - cost) <= COST_OF_ZERO * cost, values)


def _effective(counts: np.ndarray) -> float:
    """The exponential of the entropy of shares; 1 where all are of one class."""
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return math.exp(-float(np.sum(shares * np.log(shares))))


CHANCE_WHILE_LOSS_FALLS = Rule(
    "chance_while_loss_falls",
    NEAR_CHANCE,
    f"At the last epoch test accuracy is below {NEAR_CHANCE:g}/K for K classes and less than {MOST_ABOVE_CHANCE:g} "
    f"above 1/K, while the train loss falls by more than {100 * LEAST_FALL:g} % of its first value, with Kendall's tau "
    f"between epoch and loss below \u2212{TREND:g}.",
    _chance_while_loss_falls,
)

COLLAPSED = Rule(
    "collapsed",
    FEW_CLASSES,
    "On the test pictures at the last epoch (effective number of classes predicted \u2212 1) / (effective number "
    f"present \u2212 1) is below {FEW_CLASSES:g}; the effective number is exp of the entropy of the shares.",
    _collapsed,
)

OUTPUTS_AT_MEDIAN = Rule(
    "outputs_at_median",
    AT_MEDIAN,
    "Of the last test logits the median absolute value is below 1/(2K), nearer to a one-hot target's median 0 than to "
    f"its mean 1/K, and the true class's median is within {AT_MEDIAN:g} of 0, where its target is 1; the last train "
    f"loss is within {100 * COST_OF_ZERO:g} % of 1/K, what an absolute error is at outputs of 0; no class holds half "
    "of the pictures.",
    _outputs_at_median,
)
