"""What every sentence on a hypothesis may have to say: how many seeds, from where to where, what diverged."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.analysis.values import Measured
from lossbench.text import counted, fixed

__all__ = ["diverged", "of_seeds", "sentence", "span"]


def span(low: float, high: float) -> str:
    """`0.571 to 0.589`; one number where both read the same."""
    return " to ".join(dict.fromkeys((fixed(low), fixed(high))))


def of_seeds(which: Sequence[int]) -> str:
    """`seed 7 alone`, `5 seeds`."""
    return f"seed {which[0]} alone" if len(which) == 1 else counted(len(which), "seed")


def diverged(measured: Measured, loss: str) -> str:
    """`focal(gamma=2) diverged in 2 of 5 seeds`; nothing where it never did."""
    lost = len(measured.diverged[loss])
    ended = lost + len(measured.curves[loss])
    if not lost:
        return ""
    if lost < ended:
        return f"{loss} diverged in {lost} of {counted(ended, 'seed')}"
    return f"{loss} diverged in " + {1: "its one seed", 2: "both seeds"}.get(ended, f"all {ended} seeds")


def sentence(*parts: str) -> str:
    """One sentence from its parts, empty ones left out."""
    return "; ".join(part for part in parts if part) + "."
