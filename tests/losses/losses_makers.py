"""The losses written down a second time, in float64 numpy, straight from their formulas; and logits to try them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossbench.losses import loss

Array = NDArray[np.float64]
Reference = Callable[[Array, int], float]


def probabilities(z: Array) -> Array:
    e = np.exp(z - z.max())
    return np.asarray(e / e.sum())


def l1(z: Array, y: int) -> float:
    return float(sum(abs(z[k] - (1.0 if k == y else 0.0)) for k in range(len(z))) / len(z))


def cross_entropy(z: Array, y: int) -> float:
    return float(np.log(np.exp(z).sum()) - z[y])


def focal(gamma: float, alpha: float | Sequence[float] = 1.0) -> Reference:
    def formula(z: Array, y: int) -> float:
        p = probabilities(z)[y]
        weight = alpha if isinstance(alpha, int | float) else alpha[y]
        return float(-weight * (1 - p) ** gamma * np.log(p))

    return formula


REFERENCES: dict[str, Reference] = {
    "l1": l1,
    "cross_entropy": cross_entropy,
    "focal": focal(2),
    **{f"focal(gamma={gamma})": focal(gamma) for gamma in (0, 0.1, 0.5, 1, 2, 5, 10)},
    "focal(gamma=0.5, alpha=0.25)": focal(0.5, 0.25),
    "focal(gamma=2, alpha=[0.5, 0, 3])": focal(2, (0.5, 0.0, 3.0)),
}
"""By the text that names the loss; the lists are for three classes. A new loss of the catalogue needs a line here."""

SPECS = sorted(REFERENCES)


def batch(n: int = 40, classes: int = 3, scale: float = 3.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random float64 logits (n, classes) and targets (n,)."""
    generator = np.random.default_rng(seed)
    logits = torch.from_numpy(generator.normal(size=(n, classes)) * scale)
    return logits, torch.from_numpy(generator.integers(0, classes, n))


def extreme(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Every triple of logits out of the extremes, with every target."""
    values = (-1e4, -30.0, -1.0, 0.0, 1.0, 30.0, 1e4)
    logits = torch.tensor(list(product(values, repeat=3)), dtype=dtype)
    return logits.repeat(3, 1), torch.arange(3).repeat_interleave(len(logits))


def value_and_gradient(text: str, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The loss (batch,) and its gradient by the logits (batch, classes)."""
    logits = logits.clone().requires_grad_()
    value = loss(text)(logits, target)
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    return value.detach(), gradient
