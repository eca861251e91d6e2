"""Shares of whole numbers, computed with fractions: 0.285 of 100 is 28.5, which in floats is a little less."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["exact_part", "exact_share"]


def exact_share(share: float, count: int) -> int:
    """That share of a count, rounded half up."""
    return (Fraction(repr(share)) * count + Fraction(1, 2)) // 1


def exact_part(count: int, factor: float) -> int:
    """A count divided by a factor, rounded down."""
    return Fraction(count) / Fraction(repr(factor)) // 1
