"""Metrics over a whole split: from confusion counts, from logits, and from their order."""

from lossbench.metrics.ranked import auroc, in_top
from lossbench.metrics.split import (
    ECE_BINS,
    LOWER_IS_BETTER,
    UNEQUAL,
    ClassScores,
    Evaluation,
    PerPicture,
    Scores,
    calibration_error,
    class_scores,
    confusion,
    evaluate,
    log_softmax,
    per_picture,
    reliability,
    scores,
    shots,
)

__all__ = [
    "ECE_BINS",
    "LOWER_IS_BETTER",
    "UNEQUAL",
    "ClassScores",
    "Evaluation",
    "PerPicture",
    "Scores",
    "auroc",
    "calibration_error",
    "class_scores",
    "confusion",
    "evaluate",
    "in_top",
    "log_softmax",
    "per_picture",
    "reliability",
    "scores",
    "shots",
]
