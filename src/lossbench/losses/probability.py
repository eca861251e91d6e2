"""Probabilities of the true class and of the others, without the digits that the usual forms lose.

Losses are written in these terms, so that each is finite in value and gradient for |logit| ≤ 1e4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lossbench.losses.widen import widen

__all__ = ["as_probabilities", "log_odds", "log_p_true", "pick"]


def pick(values: Tensor, target: Tensor) -> Tensor:
    """The value of each sample's true class, (batch,), out of (batch, classes)."""
    return values.gather(1, target.unsqueeze(1)).squeeze(1)


def log_p_true(logits: Tensor, target: Tensor) -> Tensor:
    """Logarithm of the probability of the true class, (batch,): the cheapest way, and inexact only next to 0."""
    return -torch.nn.functional.cross_entropy(widen(logits), target, reduction="none")


def log_odds(logits: Tensor, target: Tensor) -> Tensor:
    """Logarithm of p / (1 − p) of the true class, (batch,).

    It is the logit of the true class minus the log-sum-exp of the others. p = sigmoid(log_odds) and
    1 − p = sigmoid(−log_odds), so that the logarithms of both keep their digits at both ends.
    """
    logits = widen(logits)
    others = logits.scatter(1, target.unsqueeze(1), -torch.inf).logsumexp(dim=1)
    return pick(logits, target) - others


def as_probabilities(logits: Tensor, target: Tensor) -> Tensor:
    """The target as class probabilities, (batch, classes), in the type of the widened logits.

    Args:
        logits: raw outputs, (batch, classes).
        target: class indices, (batch,), which become one-hot rows, or class probabilities, (batch, classes).
    """
    wide = widen(logits)
    if target.is_floating_point():
        return target.to(wide.dtype)
    return torch.zeros_like(wide).scatter(1, target.unsqueeze(1), 1.0)
