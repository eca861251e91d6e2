"""Logits to try losses on, and what a loss gives there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from losses_references import Context
from torch import Tensor

from lossbench.losses import BoundLoss, loss
from lossbench.rng import torch_generator


def counts(classes: int, factor: float = 40.0) -> tuple[int, ...]:
    """Training pictures per class, from many down to 1/factor of that."""
    return tuple(round(400 * factor ** (-k / (classes - 1))) for k in range(classes))


def rare(classes: int) -> tuple[int, ...]:
    """Training pictures per class, of which the last has one."""
    return (*(400 for _ in range(classes - 1)), 1)


def context(classes: int, progress: float = 1.0) -> Context:
    """What the second formulas are given beside logits and target; `asked` gives a loss the same."""
    return Context(counts(classes), progress, torch_generator(0, "test"))


def bound(text: str, classes: int) -> BoundLoss:
    """The loss of a text, bound to the class counts of these tests."""
    return loss(text, class_counts=counts(classes))


def asked(
    text: str, logits: Tensor, target: Tensor, class_counts: Sequence[int] | None = None, progress: float = 1.0
) -> Tensor:
    """The loss (batch,), drawing from a fresh stream."""
    function = loss(text, class_counts=class_counts or counts(logits.shape[1]))
    return function(logits, target, progress=progress, generator=torch_generator(0, "test"))


def batch(n: int = 40, classes: int = 3, scale: float = 3.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random float64 logits (n, classes) and targets (n,)."""
    generator = np.random.default_rng(seed)
    logits = torch.from_numpy(generator.normal(size=(n, classes)) * scale)
    return logits, torch.from_numpy(generator.integers(0, classes, n))


def soft_targets(n: int = 40, classes: int = 3, seed: int = 3) -> Tensor:
    """Class probabilities (n, classes), some rows with zeros in them."""
    generator = np.random.default_rng(seed)
    rows = generator.dirichlet(np.ones(classes), n)
    rows[::4, 0] = 0
    return torch.from_numpy(rows / rows.sum(axis=1, keepdims=True))


def extreme(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Every triple of logits out of the extremes, with every target."""
    values = (-1e4, -30.0, -1.0, 0.0, 1.0, 30.0, 1e4)
    logits = torch.tensor(list(product(values, repeat=3)), dtype=dtype)
    return logits.repeat(3, 1), torch.arange(3).repeat_interleave(len(logits))


def value_and_gradient(
    text: str, logits: Tensor, target: Tensor, class_counts: Sequence[int] | None = None
) -> tuple[Tensor, Tensor]:
    """The loss (batch,) and its gradient by the logits (batch, classes)."""
    logits = logits.clone().requires_grad_()
    value = asked(text, logits, target, class_counts)
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    return value.detach(), gradient
