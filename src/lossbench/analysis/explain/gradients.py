"""How long the gradients are: vanishing, exploding, of a scale that the learning rate does not compensate."""

from __future__ import annotations

from lossbench.analysis.explain.observed import Observed
from lossbench.analysis.explain.rule import Reading, Rule

__all__ = [
    "EXPLODED",
    "EXPLODING_GRADIENTS",
    "FAR_IN_SCALE",
    "LOW",
    "SCALE_NOT_COMPENSATED",
    "TRAINS_WORSE",
    "VANISHED",
    "VANISHING_GRADIENTS",
]

VANISHED = 0.1
"""Times the first batch's norm, below which a gradient has vanished where train accuracy is low.

A norm that falls by ten, and by far more, is what convergence looks like; without learning it should not fall.
"""

LOW = 0.5
"""Train accuracy is low below this share of the way from chance to 1: 0.55 with 10 classes."""

EXPLODED = 100.0
"""Times the first batch's norm, above which a gradient has exploded.

LeNet-5 on CIFAR-10 starts on a plateau and ordinary training there makes the norm grow 10 to 20 times.
"""

FAR_IN_SCALE = 5.0
"""Factor between a loss's first gradient and cross entropy's that a learning rate made for the latter cannot bridge.

Learning rates are usually tried at factors of 2 to 3, so this is beyond the neighbouring choice.
"""

TRAINS_WORSE = 0.1
"""In train accuracy below the best loss at the same seed: ten times the usual margin of equivalence."""


def _vanishing(trial: Observed) -> Reading | None:
    """By the loss's own first batch and, where known, cross entropy's: a gigantic gradient may shrink and be long."""
    first, norm = trial.numbers.get("initial_gradient_norm"), trial.last("train", "gradient_norm")
    accuracy = trial.last("train", "accuracy")
    if not first or norm is None or accuracy is None or not trial.classes:
        return None
    least = min(first, trial.numbers.get("cross_entropy_gradient_norm", first))
    chance = 1 / trial.classes
    low = (accuracy - chance) / (1 - chance) < LOW if trial.classes > 1 else False
    values = {"first_norm": first, "norm": norm, "norm_ratio": norm / first, "train_accuracy": accuracy}
    return Reading(low and norm < VANISHED * least, values)


def _exploding(trial: Observed) -> Reading | None:
    """By the same two: a tiny gradient may grow and still be short."""
    first, norms = trial.numbers.get("initial_gradient_norm"), trial.curve("train", "gradient_norm")
    if not first or not norms:
        return None
    epoch = max(norms, key=lambda number: norms[number])
    most = max(first, trial.numbers.get("cross_entropy_gradient_norm", first))
    values = {"epoch": float(epoch), "first_norm": first, "norm": norms[epoch], "norm_ratio": norms[epoch] / first}
    return Reading(norms[epoch] > EXPLODED * most, values)


def _scale_not_compensated(trial: Observed) -> Reading | None:
    own, reference = (trial.numbers.get(f"{name}_gradient_norm") for name in ("initial", "cross_entropy"))
    if own is None or not reference or trial.scale_free:
        return None
    values = {"scale_ratio": own / reference, "diverged": float(not trial.finished)}
    far = own * FAR_IN_SCALE < reference or own > FAR_IN_SCALE * reference
    if not trial.finished:
        return Reading(far, values)
    accuracy, best = trial.last("train", "accuracy"), trial.best_trained
    if accuracy is None or best is None:
        return None
    values |= {"train_accuracy": accuracy, "best_train_accuracy": best}
    return Reading(far and best - accuracy > TRAINS_WORSE, values)


VANISHING_GRADIENTS = Rule(
    "vanishing_gradients",
    VANISHED,
    f"In the last epoch the gradient's norm, averaged over the steps, is below {VANISHED:g} times that of the first "
    f"batch, and of cross entropy's there, while train accuracy is less than {100 * LOW:g} % of the way from chance "
    "to 1.",
    _vanishing,
)

EXPLODING_GRADIENTS = Rule(
    "exploding_gradients",
    EXPLODED,
    f"In some evaluated epoch the gradient's norm, averaged over the steps, is above {EXPLODED:g} times that of the "
    "first batch, and of cross entropy's there.",
    _exploding,
    of_diverged=True,
)

SCALE_NOT_COMPENSATED = Rule(
    "scale_not_compensated",
    FAR_IN_SCALE,
    f"At the first weights the gradient is more than {FAR_IN_SCALE:g} times shorter or longer than cross entropy's, "
    f"and training diverges or ends with a train accuracy more than {TRAINS_WORSE:g} below the best loss's at the same "
    "seed. Not asked of adam and adamw, whose steps do not grow with the gradient, nor of a loss with a learning rate "
    "of its own.",
    _scale_not_compensated,
    of_diverged=True,
)
