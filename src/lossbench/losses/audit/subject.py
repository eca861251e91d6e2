"""The loss under audit, asked in one way whatever its form."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from lossbench.losses.catalogue import bind
from lossbench.losses.own import Reduction, build_own_loss
from lossbench.rng import torch_generator
from lossbench.spec import LossSpec

__all__ = ["CLASSES", "Subject", "counts_of", "derivative_at", "first_line", "made_batch", "quiet"]

CLASSES = 10


def counts_of(classes: int) -> tuple[int, ...]:
    """Training pictures per class for losses that need them: not balanced, so that they have something to do."""
    return tuple(100 - (60 * k) // classes for k in range(classes))


def made_batch(n: int = 12, classes: int = CLASSES, scale: float = 2.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random float64 logits (n, classes) and every class in turn as target (n,)."""
    generator = torch_generator(seed, "audit")
    logits = torch.randn(n, classes, generator=generator, dtype=torch.float64) * scale
    return logits, torch.arange(n) % classes


def first_line(error: BaseException) -> str:
    """The first line of an error that says something."""
    return next((line.strip()[:200] for line in str(error).splitlines() if line.strip()), "no message")


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of a user's code: the audit has words of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def derivative_at(function: Callable[[Tensor], Tensor], logits: Tensor) -> Tensor:
    """The derivative of a scalar by the logits; 0 where it does not depend on them."""
    leaf = logits.detach().clone().requires_grad_()
    value = function(leaf)
    if not value.requires_grad:
        return torch.zeros_like(logits)
    found: tuple[Tensor | None, ...] = torch.autograd.grad(value, leaf, allow_unused=True)
    return torch.zeros_like(logits) if found[0] is None else found[0]


@dataclass(frozen=True, eq=False)
class Subject:
    """A loss under audit.

    Args:
        spec: what it is.
        declared: what is known of it and shall count as no fault: `batch`, `detached`, `dead`.
        one_hot_target: whether it takes one-hot rows instead of class indices.
        reduction: how it reduces over the batch.
        dtype: float64, or float32 where it takes no float64.
        classes: how many classes it is asked about.
        fixed: whether it is for that number of classes alone.
    """

    spec: LossSpec
    declared: frozenset[str]
    one_hot_target: bool = False
    reduction: Reduction = "none"
    dtype: torch.dtype = torch.float64
    classes: int = CLASSES
    fixed: bool = False
    _built: dict[tuple[int, ...], Callable[..., Any]] = field(default_factory=dict)

    def function(self, class_counts: Sequence[int]) -> Callable[..., Any]:
        """The loss for so many classes: (logits, target, progress=, generator=) -> whatever it gives."""
        counts = tuple(class_counts)
        if counts not in self._built:
            own = self.spec.own
            self._built[counts] = build_own_loss(self.spec, counts) if own else bind(self.spec, counts)
        return self._built[counts]

    def target_for(self, target: Tensor, classes: int, dtype: torch.dtype) -> Tensor:
        """Class indices (batch,) in the form that the loss takes."""
        return one_hot(target, classes).to(dtype) if self.one_hot_target and target.dim() == 1 else target

    def raw(
        self, logits: Tensor, target: Tensor, class_counts: Sequence[int] | None = None, progress: float = 1.0
    ) -> Any:
        """What the loss itself gives, drawing from a fresh stream; logits are taken as they are."""
        classes = logits.shape[-1]
        function = self.function(class_counts or counts_of(classes))
        expected = self.target_for(target, classes, logits.dtype)
        with quiet():
            return function(logits, expected, progress=progress, generator=torch_generator(0, "audit", 1))

    def total(
        self, logits: Tensor, target: Tensor, class_counts: Sequence[int] | None = None, progress: float = 1.0
    ) -> Tensor:
        """The sum of the loss over the batch, a scalar."""
        value: Tensor = self.raw(logits, target, class_counts, progress)
        if self.reduction == "none":
            return value.sum()
        return value * len(logits) if self.reduction == "mean" else value

    def each(self, logits: Tensor, target: Tensor, class_counts: Sequence[int] | None = None) -> Tensor:
        """The loss of every sample, (batch,): of one that reduces, from batches of one."""
        if self.reduction == "none":
            value: Tensor = self.raw(logits, target, class_counts)
            return value
        rows = range(len(logits))
        return torch.stack([self.raw(logits[i : i + 1], target[i : i + 1], class_counts) for i in rows])

    def gradient(self, logits: Tensor, target: Tensor, class_counts: Sequence[int] | None = None) -> Tensor:
        """The derivative of the sum over the batch by the logits, (batch, classes)."""
        return derivative_at(lambda z: self.total(z, target, class_counts), logits)

    def batch(
        self, n: int = 12, classes: int | None = None, scale: float = 2.0, seed: int = 0
    ) -> tuple[Tensor, Tensor]:
        """A made batch in the type that the loss takes."""
        logits, target = made_batch(n, classes or self.classes, scale, seed)
        return logits.to(self.dtype), target

    @cached_property
    def random(self) -> bool:
        """Whether it draws random numbers."""
        function = self.function(counts_of(self.classes))
        return "generator" in getattr(function, "needs", ())

    @property
    def few(self) -> int:
        """A number of classes for what takes long: five, or the only one that it is for."""
        return self.classes if self.fixed else 5

    @property
    def exact(self) -> float:
        """How closely two ways to the same value agree."""
        return 1e-9 if self.dtype == torch.float64 else 1e-4
