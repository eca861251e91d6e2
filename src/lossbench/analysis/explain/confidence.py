"""Confidence against accuracy: more or less sure than right."""

from __future__ import annotations

from lossbench.analysis.explain.observed import Observed
from lossbench.analysis.explain.rule import Reading, Rule

__all__ = ["CONFIDENCE_GAP", "OVER_CONFIDENT", "UNDER_CONFIDENT"]

CONFIDENCE_GAP = 0.1
"""Between mean confidence and accuracy on the test pictures.

Of ten answers one more, or one less, is wrong than was said; cross entropy on the 360 test pictures of the digits stays
within 0.02.
"""


def _gap(trial: Observed, sign: float) -> Reading | None:
    """Guo et al., 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599: confidence minus accuracy."""
    confidence, accuracy = trial.last("test", "mean_confidence"), trial.last("test", "accuracy")
    if confidence is None or accuracy is None:
        return None
    ece = trial.last("test", "ece")
    values = {"confidence": confidence, "accuracy": accuracy, "gap": confidence - accuracy}
    return Reading(sign * (confidence - accuracy) > CONFIDENCE_GAP, values if ece is None else {**values, "ece": ece})


def _over(trial: Observed) -> Reading | None:
    return _gap(trial, 1.0)


def _under(trial: Observed) -> Reading | None:
    return _gap(trial, -1.0)


OVER_CONFIDENT = Rule(
    "over_confident",
    CONFIDENCE_GAP,
    f"At the last epoch mean confidence on the test pictures is more than {CONFIDENCE_GAP:g} above accuracy.",
    _over,
)

UNDER_CONFIDENT = Rule(
    "under_confident",
    CONFIDENCE_GAP,
    f"At the last epoch mean confidence on the test pictures is more than {CONFIDENCE_GAP:g} below accuracy.",
    _under,
)
