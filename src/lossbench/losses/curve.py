"""The drawn definition of a loss: value and gradient along one line through the logits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from lossbench.losses.catalogue import PerSampleLoss

__all__ = ["Curve", "curve"]


@dataclass(frozen=True)
class Curve:
    """A loss at the logits (margin, 0, ..., 0) with the first class true; every tuple has one entry per point."""

    margin: tuple[float, ...]
    probability: tuple[float, ...]
    value: tuple[float, ...]
    gradient: tuple[float, ...]


def curve(function: PerSampleLoss, num_classes: int) -> Curve:
    """Value and derivative by the true class's logit.

    The points are even in the margin from −6 to 10 and even in the probability from 0.005 to 0.995, merged, so
    that both drawings are smooth.
    """
    even = torch.linspace(-6, 10, 161, dtype=torch.float64)
    probability = torch.linspace(0.005, 0.995, 199, dtype=torch.float64)
    margin = torch.cat([even, torch.logit(probability) + math.log(num_classes - 1)]).sort().values
    logits = torch.zeros(len(margin), num_classes, dtype=torch.float64)
    logits[:, 0] = margin
    logits.requires_grad_()
    value = function(logits, torch.zeros(len(margin), dtype=torch.int64))
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    probability = logits.detach().softmax(dim=1)[:, 0]
    return Curve(*(tuple(column.tolist()) for column in (margin, probability, value.detach(), gradient[:, 0])))
