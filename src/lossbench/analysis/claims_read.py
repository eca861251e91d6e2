"""Claims that are read off the values: a loss within a band, one metric following another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from lossbench.analysis.evidence import diverged, of_seeds, sentence, span
from lossbench.analysis.paired import ALPHA
from lossbench.analysis.types import Outcome
from lossbench.analysis.values import Measured
from lossbench.spec import Band
from lossbench.text import fixed

__all__ = [
    "FEWEST_LOSSES",
    "FOLLOWS",
    "FOLLOWS_NOT",
    "judge_band",
    "judge_follows",
]

FOLLOWS = 0.8
"""Spearman's correlation from which two metrics rank losses alike: of four, one pair of neighbours may be swapped."""

FOLLOWS_NOT = 0.5
"""Below it they do not: less than a quarter of the variance of one metric's ranks is that of the other's."""

FEWEST_LOSSES = 3
"""Before an order of losses can be like another by more than chance."""

_DIGITS = 12  # a correlation of 0.8 is 0.8, whatever float64 makes of it
_EDGE = 1e-12  # a value on the edge of a band is in it, whatever float64 makes of 0.1 + 0.05

Judged = tuple[Outcome, str]


def judge_band(claim: Band, measured: Measured) -> Judged:
    """Whether the last value of every seed, and the 95 % t interval of their mean, lies in a band.

    Contradicted where the interval lies wholly outside; with one seed, which has no interval, where its value does.
    """
    values, lost = measured.last(claim.loss), diverged(measured, claim.loss)
    if not values:
        return "undecided", sentence(f"No seed of {claim.loss} has a value at epoch {measured.last_epoch}", lost)
    edges = claim.centre - claim.width, claim.centre + claim.width
    low, high = edges[0] - _EDGE, edges[1] + _EDGE
    inside = [low <= value <= high for value in values.values()]
    first, last = _interval(list(values.values()))
    interval_inside, interval_outside = low <= first and last <= high, last < low or first > high
    mean, what = float(np.mean(list(values.values()))), f"{measured.measure} of {claim.loss} at epoch"
    if len(values) == 1:
        told = f"The {what} {measured.last_epoch} is {fixed(mean)} ({of_seeds(list(values))}, so no interval)"
        told += f", {'inside' if inside[0] else 'outside'} the band {span(*edges)}"
    else:
        told = f"The mean {what} {measured.last_epoch} is {fixed(mean)} (95 % interval {span(first, last)}), "
        told += f"with {sum(inside)} of {len(values)} seeds in the band {span(*edges)}"
        told += "" if interval_inside or interval_outside else " and the interval reaching out of it"
    if interval_outside:
        return "contradicted", sentence(told, lost)
    return "supported" if all(inside) and interval_inside and not lost else "undecided", sentence(told, lost)


def judge_follows(measured: Measured, other: Measured) -> Judged:
    """Whether two metrics rank the losses alike.

    At every evaluated epoch Spearman's rank correlation over the losses (1904, The Proof and Measurement of
    Association between Two Things, doi:10.2307/1412159) of the means of the seeds that have both; then the median over
    epochs: supported from `FOLLOWS`, contradicted below `FOLLOWS_NOT`. Epochs with fewer than `FEWEST_LOSSES` losses,
    or at which a metric is the same for all of them, have no correlation.
    """
    ranked = {epoch: rho for epoch in _all_epochs(measured) if (rho := _rank_correlation(measured, other, epoch))}
    lost = [diverged(measured, loss) for loss in measured.curves]
    both = f"{measured.measure} and {other.measure}"
    if not ranked:
        none = f"at no epoch do at least {FEWEST_LOSSES} losses, not all alike, have both {both}"
        return "undecided", sentence(f"No rank correlation, for {none}", *lost)
    rhos = [rho for rho, _ in ranked.values()]
    median, losses = float(np.median(rhos)), max(count for _, count in ranked.values())
    what = f"Spearman's rank correlation of {both} over {losses} losses"
    if len(rhos) == 1:
        told = f"{what} is {fixed(median)} at epoch {next(iter(ranked))}, the only one that has it"
    elif max(rhos) == min(rhos):
        told = f"{what} is {fixed(median)} at each of {len(rhos)} evaluated epochs"
    else:
        told = f"{what} is {fixed(median)} in the median of {len(rhos)} evaluated epochs ({span(min(rhos), max(rhos))})"
    asked = f"they follow one another from {FOLLOWS:g}, and below {FOLLOWS_NOT:g} they do not"
    outcome: Outcome = "supported" if median >= FOLLOWS else "contradicted" if median < FOLLOWS_NOT else "undecided"
    return outcome, sentence(told, asked, *lost)


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Of the mean, at 95 %; of one value that value; everything where a value is not finite."""
    if not all(math.isfinite(value) for value in values):
        return -math.inf, math.inf
    mean, n = float(np.mean(values)), len(values)
    half = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) * float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    return mean - half, mean + half


def _all_epochs(measured: Measured) -> list[int]:
    return sorted({epoch for of in measured.curves.values() for curve in of.values() for epoch in curve})


def _rank_correlation(measured: Measured, other: Measured, epoch: int) -> tuple[float, int] | None:
    """Over the losses at one epoch, and how many there are; None where there is none."""
    means = []
    for loss, of in measured.curves.items():
        others = other.curves[loss]
        both = [
            (of[seed][epoch], others[seed][epoch]) for seed in of if epoch in of[seed] and _has(others, seed, epoch)
        ]
        if both:
            means.append((math.fsum(one for one, _ in both) / len(both), math.fsum(two for _, two in both) / len(both)))
    first, second = [one for one, _ in means], [two for _, two in means]
    if len(means) < FEWEST_LOSSES or len(set(first)) == 1 or len(set(second)) == 1:
        return None
    return round(float(stats.spearmanr(first, second).statistic), _DIGITS), len(means)


def _has(curves: Mapping[int, Mapping[int, float]], seed: int, epoch: int) -> bool:
    return epoch in curves.get(seed, {})
