"""A curve in one line of a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from rich.console import Console

__all__ = ["can_show", "sparkline"]

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(
    values: Sequence[float | None], low: float | None = None, high: float | None = None, width: int = 30
) -> str:
    """The values as blocks; a gap where there is none, a level line where all are the same.

    Args:
        values: of a curve, from left to right; None or NaN where it has none.
        low: what the lowest block stands for; the least value unless given.
        high: what the highest block stands for; the greatest value unless given.
        width: characters at most; where there are more values, each block is the mean of some of them.
    """
    known = _known(values)
    least = min(known, default=0.0) if low is None else low
    greatest = max(known, default=1.0) if high is None else high
    return "".join(_block(value, least, greatest) for value in _binned(values, width))


def can_show(console: Console) -> bool:
    """Whether its encoding has the blocks."""
    try:
        _BLOCKS.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _block(value: float | None, low: float, high: float) -> str:
    if value is None or not math.isfinite(value):
        return " "
    share = (value - low) / (high - low) if high > low else 0.5
    return _BLOCKS[min(max(int(share * len(_BLOCKS)), 0), len(_BLOCKS) - 1)]


def _binned(values: Sequence[float | None], width: int) -> list[float | None]:
    if len(values) <= width:
        return list(values)
    edges = [round(place * len(values) / width) for place in range(width + 1)]
    return [_mean(values[start:end]) for start, end in pairwise(edges)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = _known(values)
    return math.fsum(known) / len(known) if known else None


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
