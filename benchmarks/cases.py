"""What is trained in a case: a model, on a share of the pictures, for some epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """One comparison.

    Args:
        model: of lossbench's catalogue.
        train: training pictures; there are a fifth as many test pictures.
        epochs: at least 2, for the first is warm-up.
    """

    model: str
    train: int
    epochs: int


_CASES = (Case("lenet5", 25_600, 3), Case("cnn", 10_240, 3), Case("cnn8", 1_024, 3), Case("resnet20", 2_048, 3))

CASES: Mapping[str, Case] = MappingProxyType({case.model: case for case in _CASES})
"""Shares that keep a plain script's epoch at a few seconds, and all four cases at half an hour, on two cores."""
