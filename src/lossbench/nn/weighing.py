"""Class weights, label smoothing and ignored targets, as `torch.nn.CrossEntropyLoss` means them, for any loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

__all__ = ["reduced", "smoothed", "weighed"]


def smoothed(target: Tensor, classes: int, epsilon: float, dtype: torch.dtype) -> Tensor:
    """Class indices (rows,) or probabilities (rows, classes) as (1 − epsilon) e + epsilon / K, (rows, classes)."""
    e = target if target.is_floating_point() else one_hot(target, classes)
    return (1 - epsilon) * e.to(dtype) + epsilon / classes


def weighed(target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Class weights put into the target: the target to ask the loss for, and what to multiply its value by.

    Class indices stay, and the factor is the weight of the class. Class probabilities e become w e / Σ w e, and the
    factor is Σ w e: of cross entropy, whose value is linear in e, that makes −Σ w e log p.

    Args:
        target: class indices, (rows,), or class probabilities, (rows, classes).
        weight: of each class, (classes,).

    Returns:
        The target, of the same shape, and the factor, (rows,).
    """
    if not target.is_floating_point():
        return target, weight[target]
    product = target * weight.to(target.dtype)
    total = product.sum(dim=1, keepdim=True)
    some = total != 0
    return torch.where(some, product / torch.where(some, total, 1), target), total.squeeze(1)


def reduced(losses: Tensor, counted: Tensor | None, reduction: str, shape: torch.Size) -> Tensor:
    """The losses in the form that was asked for.

    Args:
        losses: weighed, (rows,).
        counted: what each row counts in the mean, (rows,); None where each counts 1.
        reduction: `mean`, `sum` or `none`.
        shape: of losses that are not reduced.
    """
    if reduction == "none":
        return losses.reshape(shape)
    if reduction == "sum":
        return losses.sum()
    if counted is None:
        return losses.mean()
    total = counted.sum()
    return losses.sum() / torch.where(total == 0, torch.nan, total)  # of nothing, no mean, whatever smoothing adds
