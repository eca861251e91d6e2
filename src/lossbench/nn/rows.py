"""Inputs of any shape that torch's losses take, as the rows that the catalogue's functions take."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.errors import RequestError

__all__ = ["Rows"]


@dataclass(frozen=True, eq=False)
class Rows:
    """A batch, one row for each loss.

    Args:
        logits: (rows, classes).
        target: class indices, (rows,), or class probabilities, (rows, classes).
        shape: of the losses that are not reduced.
    """

    logits: Tensor
    target: Tensor
    shape: torch.Size

    @classmethod
    def of(cls, input: Tensor, target: Tensor) -> Rows:  # noqa: A002 - torch's losses call it so
        """The rows of an input (classes,), (batch, classes) or (batch, classes, d1, ..., dk).

        Raises:
            RequestError: a target that fits neither as class indices nor as class probabilities.
        """
        if input.dim() == 0:
            raise RequestError("input", "logits of shape (classes,) or (batch, classes, ...)", "a single number")
        axis = 0 if input.dim() == 1 else 1
        shape = input.shape[:axis] + input.shape[axis + 1 :]
        soft = target.is_floating_point()
        if target.shape != (input.shape if soft else shape):
            allowed = f"class indices of shape {tuple(shape)} or class probabilities of shape {tuple(input.shape)}"
            raise RequestError("target", allowed, f"{target.dtype} of shape {tuple(target.shape)}")
        classes = input.shape[axis]
        logits = input.movedim(axis, -1).reshape(shape.numel(), classes)
        rows = target.movedim(axis, -1).reshape(logits.shape) if soft else target.reshape(len(logits)).long()
        return cls(logits, rows, shape)

    @property
    def soft(self) -> bool:
        """Whether the target is class probabilities."""
        return self.target.is_floating_point()
