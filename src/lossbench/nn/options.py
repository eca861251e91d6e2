"""What may be asked of a module beside its hyperparameters, checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from lossbench.errors import RequestError
from lossbench.losses import LossCard

__all__ = ["Reduction", "checked_class_counts", "checked_options", "checked_progress", "checked_weight", "plain"]

Reduction = Literal["mean", "sum", "none"]


def plain(value: Any) -> Any:
    """Numbers and arrays of torch, NumPy and their like as Python's, those in a list or a tuple, too."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, type):
        return value
    for method in ("tolist", "item"):
        if callable(getattr(value, method, None)):
            return getattr(value, method)()
    return value


def checked_options(card: LossCard, given: Mapping[str, Any]) -> tuple[int | None, Reduction, float]:
    """`ignore_index`, `reduction` and `label_smoothing`.

    Raises:
        RequestError: one is out of its range, or label smoothing is asked of a loss that takes no class probabilities.
    """
    ignored, reduction, smoothing = plain(given["ignore_index"]), given["reduction"], plain(given["label_smoothing"])
    if isinstance(ignored, bool) or not isinstance(ignored, int | None):
        raise RequestError("ignore_index", "a whole number, or None where no target is to be ignored", ignored)
    if reduction not in get_args(Reduction):
        raise RequestError("reduction", "mean, sum or none", reduction)
    if not _number(smoothing) or not 0 <= smoothing <= 1:
        raise RequestError("label_smoothing", "a number of at least 0 and at most 1", smoothing)
    if smoothing and not card.properties.soft_targets:
        allowed = f"0, for {card.name} is not defined for class probabilities, which a smoothed target is"
        raise RequestError("label_smoothing", allowed, smoothing)
    return ignored, reduction, float(smoothing)


def checked_weight(value: object) -> Tensor | None:
    """Class weights, (classes,).

    Raises:
        RequestError: something else than a tensor of finite floats.
    """
    if value is None:
        return None
    if not isinstance(value, Tensor) or value.dim() != 1 or not value.is_floating_point():
        hint = "hyperparameters are given by keyword" if _number(plain(value)) else ""
        raise RequestError("weight", "a tensor with one float per class", _seen(value), hint)
    return value


def checked_class_counts(card: LossCard, value: Any) -> Tensor:
    """Training samples per class as whole numbers, (classes,): a narrower type of floats could not hold them.

    Raises:
        RequestError: something else, or a class without samples.
    """
    allowed = f"training samples per class, at least 1 of each, which {card.name} needs"
    given = plain(value)
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise RequestError("class_counts", allowed, _seen(value))
    listed = list(given)
    if not listed or not all(_number(count) and float(count).is_integer() and count >= 1 for count in listed):
        raise RequestError("class_counts", allowed, _seen(value) if len(str(listed)) > 100 else listed)
    device = value.device if isinstance(value, Tensor) else None
    return torch.tensor([int(count) for count in listed], dtype=torch.int64, device=device)


def checked_progress(value: Any) -> float:
    """The share of training done.

    Raises:
        RequestError: no number from 0 to 1.
    """
    share = plain(value)
    if not _number(share) or not 0 <= share <= 1:
        raise RequestError("progress", "the share of training done, from 0 to 1", share)
    return float(share)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _seen(value: object) -> object:
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    return value
