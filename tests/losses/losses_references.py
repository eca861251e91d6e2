"""The losses written down a second time, in float64 numpy, straight from their papers' formulas.

Nothing here is shared with lossbench, and nothing is differentiated: a formula may take whatever detour keeps its
digits, so that it holds for logits of ±1e4, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Context:
    """What some losses need beside logits and target.

    Args:
        class_counts: training pictures per class.
        progress: the share of training done.
        generator: what is drawn from, in the order that the loss documents.
    """

    class_counts: tuple[int, ...]
    progress: float
    generator: torch.Generator


Reference = Callable[[Array, Array, Context], Array]
"""(logits (n, K), target (n, K): one-hot or class probabilities, context) -> loss (n,)."""


def log_softmax(z: Array) -> Array:
    top = z.argmax(axis=1)[:, None]
    shifted = z - np.take_along_axis(z, top, axis=1)
    others = np.exp(shifted)
    np.put_along_axis(others, top, 0.0, axis=1)  # beside the largest, whose term is 1
    return np.asarray(shifted - np.log1p(others.sum(axis=1, keepdims=True)))


def l1(z: Array, e: Array, _: Context) -> Array:
    return np.asarray(np.abs(z - e).sum(axis=1) / z.shape[1])


def cross_entropy(z: Array, e: Array, _: Context) -> Array:
    return np.asarray(-np.where(e > 0, e * log_softmax(z), 0).sum(axis=1))


def focal(gamma: float, alpha: float | Sequence[float] = 1.0) -> Reference:
    def formula(z: Array, e: Array, _: Context) -> Array:
        y = e.argmax(axis=1)
        rows = np.arange(len(y))
        weight = np.broadcast_to(np.asarray(alpha, dtype=float), (z.shape[1],))[y]
        rest = np.where(e > 0, -np.inf, z)
        top = rest.max(axis=1)
        d = z[rows, y] - top - np.log(np.exp(rest - top[:, None]).sum(axis=1))
        log_p, log_not_p = -np.logaddexp(0, -d), -np.logaddexp(0, d)
        return np.asarray(-weight * np.exp(gamma * log_not_p) * log_p)

    return formula


REFERENCES: dict[str, Reference] = {
    "l1": l1,
    "cross_entropy": cross_entropy,
    "focal": focal(2),
    **{f"focal(gamma={gamma})": focal(gamma) for gamma in (0, 0.1, 0.5, 1, 2, 5, 10)},
    "focal(gamma=0.5, alpha=0.25)": focal(0.5, 0.25),
    "focal(gamma=2, alpha=[0.5, 0, 3])": focal(2, (0.5, 0.0, 3.0)),
    "focal(detach=true)": focal(2),
}
"""By the text that names the loss; lists are for three classes. A new loss of the catalogue needs a line here."""
