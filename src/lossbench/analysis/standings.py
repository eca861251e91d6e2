"""Where each loss stands: its possible ranks, whether it is in the best set, how often it diverged or collapsed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lossbench.analysis.family import Family
from lossbench.analysis.paired import ALPHA
from lossbench.analysis.shares import exact_interval
from lossbench.analysis.types import Comparison, Estimate, Standing

__all__ = ["at_chance", "standings"]


def standings(
    family: Family, comparisons: Sequence[Comparison], primary: Sequence[Estimate], accuracy: Sequence[Estimate]
) -> tuple[Standing, ...]:
    """One per loss, in the study's order.

    Args:
        family: the tests in the primary metric.
        comparisons: what they came to.
        primary: each loss's estimate of the primary metric.
        accuracy: each loss's estimate of test accuracy.
    """
    above = dict.fromkeys((arm.label for arm in family.arms), 0)
    below = dict(above)
    for item in comparisons:
        if not item.real:
            continue
        a_wins = ((item.difference or 0) > 0) == family.question.higher_is_better
        winner, loser = (item.a, item.b) if a_wins else (item.b, item.a)
        above[loser] += 1
        below[winner] += 1
    there = sum(bool(own.values) for own in primary)
    found = []
    for own, measured, p in zip(primary, accuracy, family.p_best, strict=True):
        ended = len(own.seeds) + own.diverged
        share = exact_interval(own.diverged, ended) if ended else (None, None)
        chance = at_chance(measured.values, family.question.classes, family.question.pictures)
        found.append(
            Standing(
                loss=own.loss,
                rank_low=1 + above[own.loss] if own.values else None,
                rank_high=there - below[own.loss] if own.values else None,
                best=None if math.isnan(p) else bool(p > ALPHA),
                p_best=None if math.isnan(p) else float(p),
                finished=len(own.seeds),
                diverged=own.diverged,
                failed=own.failed,
                diverged_low=share[0],
                diverged_high=share[1],
                collapsed=sum(chance),
            )
        )
    return tuple(found)


def at_chance(values: Sequence[float], classes: int, pictures: int) -> list[bool]:
    """Which accuracies guessing explains: within three standard deviations of 1/classes for so many pictures."""
    if not classes or not pictures:
        return [False] * len(values)
    chance = 1 / classes
    spread = 3 * math.sqrt(chance * (1 - chance) / pictures)
    return [abs(value - chance) <= spread for value in values]
