"""What the second formulas share: their shape, what they are given, and probabilities that keep their digits."""

from __future__ import annotations

from collections.abc import Callable
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


def log_odds(z: Array) -> Array:
    """log(p / (1 - p)) of every class, (n, K): its logit minus the log-sum-exp of the others."""
    rest = np.where(np.eye(z.shape[1], dtype=bool), -np.inf, z[:, None, :])
    top = rest.max(axis=2)
    return np.asarray(z - top - np.log(np.exp(rest - top[:, :, None]).sum(axis=2)))


def probabilities(z: Array) -> tuple[Array, Array]:
    """p and 1 - p of every class, (n, K) each."""
    d = log_odds(z)
    return np.exp(-np.logaddexp(0, -d)), np.exp(-np.logaddexp(0, d))


def error(z: Array, e: Array) -> Array:
    """p - e, (n, K), exact where p and e are both next to 1."""
    p, not_p = probabilities(z)
    return np.where(e > 0.5, (1 - e) - not_p, p - e)


def true(values: Array, e: Array) -> Array:
    """The values (n,) of the true classes out of values (n, K)."""
    return np.asarray(values[np.arange(len(e)), e.argmax(axis=1)])


def dot(weights: Array, values: Array) -> Array:
    """sum_k weights_k values_k, (n,), where nothing times infinity is nothing."""
    return np.asarray((weights * np.where(weights == 0, 0, values)).sum(axis=1))


def plus(*parts: tuple[float, Reference]) -> Reference:
    """A weighted sum of references."""

    def formula(z: Array, e: Array, context: Context) -> Array:
        return np.asarray(sum(weight * reference(z, e, context) for weight, reference in parts))

    return formula


def cross_entropy(z: Array, e: Array, _: Context) -> Array:
    return -dot(e, log_softmax(z))
