"""Holm's adjustment for many tests at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["holm", "holm_levels"]

Floats = NDArray[np.float64]


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values over the last axis; NaN stays NaN and counts for nothing.

    Args:
        p: p-values, shape (..., tests).

    Returns:
        adjusted p-values, the same shape: a test is rejected at family-wise level alpha where this is at most alpha.

    References:
        Holm, 1979, A Simple Sequentially Rejective Multiple Test Procedure, doi:10.2307/4615733.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, axis=-1, kind="stable")  # NaN last
    raised = np.take_along_axis(p, order, -1) * _remaining(p)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.maximum.accumulate(np.minimum(raised, 1.0), axis=-1), -1)
    return adjusted


def holm_levels(p: ArrayLike, alpha: float) -> Floats:
    """The level at which Holm's procedure looks at each test: alpha over the number of tests not yet rejected.

    Args:
        p: p-values, shape (..., tests); NaN counts for nothing.
        alpha: the family-wise level.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, axis=-1, kind="stable")
    levels = np.empty_like(p)
    np.put_along_axis(levels, order, alpha / np.maximum(_remaining(p), 1), -1)
    return np.where(np.isnan(p), np.nan, levels)


def _remaining(p: Floats) -> Floats:
    """How many tests are left at each step of the procedure, (..., tests)."""
    known = np.count_nonzero(~np.isnan(p), axis=-1, keepdims=True)
    return np.asarray(np.maximum(known - np.arange(p.shape[-1]), 0), dtype=np.float64)
