"""Looking at a study before its end: when, and what every look may cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from lossbench.results import Results
from lossbench.spec import LOOKS, looks_up_to

__all__ = ["WEIGHTS", "combined", "looks_taken", "weight_at"]

WEIGHTS = (0.02, 0.18, 0.2, 0.2, 0.2, 0.2)
"""The share of the error that each look may spend; they sum to 1, so that any stopping is allowed."""


def looks_taken(results: Results) -> tuple[int, ...] | None:
    """The looks that a study has come to: a look is taken when no trial of its seeds is missing.

    None for a study with a fixed number of seeds.
    """
    most, seeds = results.study["plan"].get("max_seeds"), results.study.get("seeds", ())
    if most is None:
        return None
    missing = set(results.trials.filter(pl.col("status") == "missing")["seed"])
    complete = next((k for k, seed in enumerate(seeds) if seed in missing), len(seeds))
    return looks_up_to(min(most, complete))


def weight_at(look: int) -> float:
    """The weight of a look."""
    return WEIGHTS[LOOKS.index(look)]


def combined(p_values: Sequence[ArrayLike], looks: Sequence[int]) -> NDArray[np.float64]:
    """One p-value from those of the looks taken so far: the smallest of p over its look's weight.

    A union bound: under the hypothesis the chance that any look falls below alpha times its weight is at most alpha.

    Args:
        p_values: at each look, of the same shape; NaN where it cannot be asked.
        looks: which looks these are.
    """
    weighed = np.stack(
        [np.asarray(p, dtype=np.float64) / weight_at(look) for p, look in zip(p_values, looks, strict=True)]
    )
    asked = ~np.isnan(weighed)
    least = np.where(asked, weighed, np.inf).min(axis=0)
    return np.where(asked.any(axis=0), np.minimum(least, 1.0), np.nan)
