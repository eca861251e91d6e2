"""Claims on the course of training: a loss's curve falls, or rises, in every seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from scipy import stats

from lossbench.analysis.evidence import diverged, of_seeds, sentence, span
from lossbench.analysis.types import Outcome
from lossbench.analysis.values import Measured
from lossbench.spec import Trend
from lossbench.text import counted, fixed

__all__ = ["FEWEST_EPOCHS", "TREND", "judge_trend", "kendall_tau"]

TREND = 0.5
"""Kendall's tau beyond which a curve falls or rises: more than three quarters of all pairs of epochs are in order.

Over 30 epochs without a trend tau has the standard deviation 0.13, so that noise does not come near.
"""

FEWEST_EPOCHS = 3
"""Evaluated, before a curve has a trend."""

_DIGITS = 12  # a tau of 0.5 is 0.5, whatever float64 makes of it

Judged = tuple[Outcome, str]


def judge_trend(claim: Trend, measured: Measured) -> Judged:
    """Whether a loss's curve falls, or rises, in every seed that ended; a diverged seed does neither.

    By Kendall's tau between epoch and value (1938, A New Measure of Rank Correlation, doi:10.2307/2332226) in every
    seed: supported where all are beyond `TREND`, contradicted where none is. `monotonically`: supported where every
    seed moves and no step of it goes the other way, else contradicted.
    """
    curves, lost = measured.curves[claim.loss], diverged(measured, claim.loss)
    aside = f"{lost}, which counts as not {'rising' if claim.rises else 'falling'}" if lost else ""
    if not curves:
        return "contradicted" if lost else "undecided", sentence(f"No seed of {claim.loss} finished", aside)
    fewest = min(len(curve) for curve in curves.values())
    if fewest < FEWEST_EPOCHS:
        told = f"The {measured.measure} of {claim.loss} is known at {counted(fewest, 'epoch')} only"
        return "undecided", sentence(f"{told}, and a trend needs {FEWEST_EPOCHS}", aside)
    return _every_step(claim, measured, aside) if claim.monotonically else _in_general(claim, measured, aside)


def _in_general(claim: Trend, measured: Measured, aside: str) -> Judged:
    curves, sign = measured.curves[claim.loss], 1.0 if claim.rises else -1.0
    taus = [kendall_tau(curve) for curve in curves.values()]
    beyond = sum(sign * tau > TREND for tau in taus)
    told = (
        f"Kendall's tau between epoch and {measured.measure} of {claim.loss} is {span(min(taus), max(taus))} "
        f"({of_seeds(list(curves))}), {_against_threshold(beyond, len(taus), sign * TREND)}"
    )
    if beyond == 0:
        outcome: Outcome = "contradicted"
    else:
        outcome = "supported" if beyond == len(taus) + len(measured.diverged[claim.loss]) else "undecided"
    return outcome, sentence(told, _course(claim, measured, turned=beyond < len(taus)), aside)


def _every_step(claim: Trend, measured: Measured, aside: str) -> Judged:
    curves, sign = measured.curves[claim.loss], 1.0 if claim.rises else -1.0
    back = {seed: [e for (_, old), (e, new) in pairwise(curve.items()) if sign * new < sign * old]
            for seed, curve in curves.items()}  # fmt: skip
    turned = [seed for seed, epochs in back.items() if epochs]
    still = [seed for seed, curve in curves.items() if len(set(curve.values())) == 1]
    total = sum(len(curve) - 1 for curve in curves.values())
    count, what = sum(map(len, back.values())), f"{measured.measure} of {claim.loss}"
    if turned:
        first = min(epoch for epochs in back.values() for epoch in epochs)
        at = f"at {count} of {total} steps, first at epoch {first}, {_in(turned, curves)}"
        told = f"The {what} goes the other way {at}"
    elif still:
        told = f"The {what} never changes, {_in(still, curves)}"
    else:
        told = f"The {what} goes the other way at none of {total} steps ({of_seeds(list(curves))})"
    outcome: Outcome = "contradicted" if turned or still or measured.diverged[claim.loss] else "supported"
    return outcome, sentence(told, _course(claim, measured, turned=bool(turned)), aside)


def _in(some: list[int], of: Mapping[int, object]) -> str:
    return f"in {len(some)} of {counted(len(of), 'seed')}" if len(of) > 1 else f"in {of_seeds(some)}"


def kendall_tau(curve: Mapping[int, float]) -> float:
    """Kendall's tau-b between epoch and value; 0 of a constant curve."""
    tau = float(stats.kendalltau(list(curve), list(curve.values())).statistic)
    return 0.0 if math.isnan(tau) else round(tau, _DIGITS)


def _against_threshold(beyond: int, of: int, threshold: float) -> str:
    if of == 1:
        return f"{'beyond' if beyond else 'not beyond'} {fixed(threshold, 1)}"
    where = "in every one" if beyond == of else f"in {beyond} of them" if beyond else "in none"
    return f"beyond {fixed(threshold, 1)} {where}"


def _course(claim: Trend, measured: Measured, *, turned: bool) -> str:
    """From where to where the mean of the seeds goes; where it turns, at which epoch."""
    curves, epochs = measured.curves[claim.loss], measured.epochs([claim.loss])
    if not epochs:
        return ""
    mean = {epoch: math.fsum(curve[epoch] for curve in curves.values()) / len(curves) for epoch in epochs}
    first, last = epochs[0], epochs[-1]
    peak = (max if claim.rises else min)(epochs, key=lambda epoch: mean[epoch])
    average = "on average it" if len(curves) > 1 else "it"
    if not turned or mean[peak] == mean[last]:
        return f"{average} goes from {fixed(mean[first])} at epoch {first} to {fixed(mean[last])} at epoch {last}"
    extreme, then = ("highest", "falling") if claim.rises else ("lowest", "rising")
    return (
        f"{average} is {extreme} at epoch {peak} ({fixed(mean[peak])}), "
        f"then {then} to {fixed(mean[last])} at epoch {last}"
    )
