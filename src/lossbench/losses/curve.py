"""The drawn definition of a loss: value and gradient along one line through the logits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.losses.bound import BoundLoss
from lossbench.rng import torch_generator

__all__ = ["Curve", "curve"]

_COMPANY = 32


@dataclass(frozen=True)
class Curve:
    """A loss at the logits (margin, 0, ..., 0) with one class true; every tuple has one entry per point."""

    margin: tuple[float, ...]
    probability: tuple[float, ...]
    value: tuple[float, ...]
    gradient: tuple[float, ...]


def curve(loss: BoundLoss, num_classes: int, true_class: int = 0) -> Curve:
    """Value and derivative by the true class's logit.

    The points are even in the margin from −6 to 10 and even in the probability from 0.005 to 0.995, merged, so
    that both drawings are smooth. What changes while training is drawn as it is at the end.

    Args:
        loss: a bound loss.
        num_classes: how many logits there are.
        true_class: which class is true; with class counts it makes a difference.
    """
    even = torch.linspace(-6, 10, 161, dtype=torch.float64)
    probability = torch.linspace(0.005, 0.995, 199, dtype=torch.float64)
    margin = torch.cat([even, torch.logit(probability) + math.log(num_classes - 1)]).sort().values
    dtype = torch.float32 if loss.spec.own else torch.float64  # a user's loss may hold float32 tensors
    logits = torch.zeros(len(margin), num_classes, dtype=dtype)
    logits[:, true_class] = margin
    logits.requires_grad_()
    value = _at_each(loss, logits, torch.full((len(margin),), true_class))
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    probability = logits.detach().softmax(dim=1)[:, true_class]
    return Curve(*(tuple(column.tolist()) for column in (margin, probability, value.detach(), gradient[:, true_class])))


def _at_each(loss: BoundLoss, logits: Tensor, target: Tensor) -> Tensor:
    """The loss of every point, (points,).

    Where the batch is coupled, or something is drawn, every point is a batch of its own with the same draw; where
    others of the batch are drawn, it has a company of logits that are all 0.
    """
    if not loss.needs & {"batch", "generator"}:
        return loss(logits, target, progress=1.0)
    company = _COMPANY if {"batch", "generator"} <= loss.needs else 0
    rows = logits.new_zeros(company, logits.shape[1])
    labels = torch.arange(company) % logits.shape[1]

    def at(i: int) -> Tensor:
        batch, targets = torch.cat([logits[i : i + 1], rows]), torch.cat([target[i : i + 1], labels])
        return loss(batch, targets, progress=1.0, generator=torch_generator(0, "curve"))[:1]

    return torch.cat([at(i) for i in range(len(target))])
