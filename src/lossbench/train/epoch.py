"""What the loop gives after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from lossbench.metrics import Evaluation

__all__ = ["Epoch", "Snapshot"]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything that the next epoch starts from, by name; streams need no state (law 2)."""

    epoch: int
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Epoch:
    """What one epoch gave.

    Args:
        number: counted from 1; 0 is the first look, before any step.
        loss: mean of the trial's loss over the pictures trained on, with mixup the mixed ones (at 0: over the first
            batch, never mixed).
        gradient_norm: mean over the steps of the gradient's L2 norm before any clipping (at 0: of the first batch).
        snapshot: copies the state after this epoch; to be called before the next epoch is asked for.
        evaluations: per split, in epochs that are evaluated.
        counts: confusion counts beside the evaluations', (classes, classes) each: with label noise `train_clean` and
            `train_wrong`, or `train_running_clean` and `train_running_wrong`, as `counts_beside` has them.
        logits: float32 (n, classes) of every evaluated split but the training split.
        log_probabilities: float64 (n, classes) of the same splits, where the loss's probabilities are not the softmax
            of the logits; else empty.
        diverged: why the trial ends here; empty while it does not.
        cross_entropy: at 0, the loss and gradient norm that cross entropy has at the same place.
    """

    number: int
    loss: float
    gradient_norm: float
    snapshot: Callable[[], Snapshot]
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    counts: Mapping[str, np.ndarray] = field(default_factory=dict)
    logits: Mapping[str, np.ndarray] = field(default_factory=dict)
    log_probabilities: Mapping[str, np.ndarray] = field(default_factory=dict)
    diverged: str = ""
    cross_entropy: tuple[float, float] | None = None
