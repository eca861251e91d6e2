"""Stamps to seconds, seconds to ratios: pure functions of what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

__all__ = ["Pace", "Spread", "pace", "ratio", "spread"]


@dataclass(frozen=True)
class Pace:
    """How fast a contender was in one round.

    Args:
        seconds: wall seconds per trial-epoch: the median epoch, divided by the trials side by side.
        counted: the epochs it is the median of, seconds.
        all_busy: whether every trial was being trained during all of them.
    """

    seconds: float
    counted: tuple[float, ...]
    all_busy: bool


@dataclass(frozen=True)
class Spread:
    """Median, least and most over the rounds."""

    median: float
    least: float
    most: float


def pace(trials: Sequence[Sequence[float]]) -> Pace:
    """The pace of trials that ran side by side.

    The first epoch of each is warm-up. Of the others those count during which all trials were in training; where
    there are none, because the trials are shorter than the time between their beginnings, all others do.

    Args:
        trials: per trial the time at its beginning and after each of at least two epochs.
    """
    all_began, first_ended = max(stamps[0] for stamps in trials), min(stamps[-1] for stamps in trials)
    later = [epoch for stamps in trials for epoch in pairwise(stamps[1:])]
    busy = tuple(end - begin for begin, end in later if begin >= all_began and end <= first_ended)
    counted = busy or tuple(end - begin for begin, end in later)
    return Pace(median(counted) / len(trials), counted, bool(busy))


def spread(values: Iterable[float]) -> Spread | None:
    """Median, least and most; None of nothing."""
    numbers = list(values)
    return Spread(median(numbers), min(numbers), max(numbers)) if numbers else None


def ratio(above: Sequence[float | None], below: Sequence[float | None]) -> Spread | None:
    """The spread of the ratios within each round that both were measured in."""
    pairs = zip(above, below, strict=True)
    return spread(a / b for a, b in pairs if a is not None and b is not None)
