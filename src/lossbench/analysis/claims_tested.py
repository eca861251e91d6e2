"""Claims that compare losses, which tests decide: one above another, equal, above or below all others."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lossbench.analysis.contrast import Contrast
from lossbench.analysis.evidence import sentence
from lossbench.analysis.paired import ALPHA
from lossbench.analysis.types import Outcome
from lossbench.spec import Equivalence, Extreme, Order
from lossbench.text import capital, counted, listed, p_value

__all__ = ["judge_equivalence", "judge_extreme", "judge_order"]

Judged = tuple[Outcome, str]


def judge_order(claim: Order, pair: Contrast, p: float) -> Judged:
    """Which of two losses has the greater number.

    Args:
        claim: what is said of `pair`'s first loss.
        pair: the difference of the two.
        p: two-sided, adjusted over the study's claims of this kind.
    """
    if not pair.testable:
        return _untested(pair)
    tested = f"{pair.told()}, adjusted p {p_value(p)}{pair.over_looks}"
    if p > ALPHA:
        return "undecided", sentence(f"{tested}: no difference is shown", *pair.asides)
    if pair.includes_zero:
        return "undecided", sentence(f"{tested}, but the interval includes 0", *pair.asides)
    if pair.held_back:
        return "undecided", sentence(f"{tested}, but {pair.held_back}", *pair.asides)
    return _outcome((pair.mean > 0) == claim.greater), sentence(tested, *pair.asides)


def judge_equivalence(claim: Equivalence, pair: Contrast, p_equivalence: float, p_beyond: float) -> Judged:
    """Whether two losses differ by less than a margin, or for certain by more.

    Args:
        claim: the margin.
        pair: the difference of the two.
        p_equivalence: that they differ by less, adjusted over the study's claims of this kind.
        p_beyond: that they differ by more, adjusted likewise.
    """
    if not pair.testable:
        return _untested(pair)
    margin, looks = f"the margin {claim.margin:g}", pair.over_looks
    if p_equivalence <= ALPHA and pair.within:
        tested = f"{pair.told(90)}, within {margin} (adjusted p of equivalence {p_value(p_equivalence)}{looks})"
        if pair.any_diverged:
            return "undecided", sentence(f"{tested}, but only where both converged", *pair.asides)
        return "supported", sentence(tested, *pair.asides)
    if p_beyond <= ALPHA and pair.beyond:
        tested = f"{pair.told()}, beyond {margin} (adjusted p {p_value(p_beyond)}{looks})"
        if pair.held_back:
            return "undecided", sentence(f"{tested}, but {pair.held_back}", *pair.asides)
        return "contradicted", sentence(tested, *pair.asides)
    tested = f"{pair.told()}: neither within {margin} (adjusted p {p_value(p_equivalence)}{looks})"
    return "undecided", sentence(
        f"{tested} nor beyond it (adjusted p {p_value(p_beyond)}{looks}) is shown", *pair.asides
    )


def judge_extreme(claim: Extreme, pairs: Sequence[Contrast]) -> Judged:
    """Whether no other loss has a greater, or a smaller, number.

    Supported by an intersection–union test, in which the claim is as sure as its least sure part, so that nothing is
    adjusted (Berger, 1982, Multiparameter Hypothesis Testing and Acceptance Sampling, doi:10.2307/1267823);
    contradicted where the loss leaves the best set in that direction, as `leaves_best` has it.

    Args:
        claim: which end.
        pairs: the loss minus every other.
    """
    end = "highest" if claim.highest else "lowest"
    left_out = [pair for pair in pairs if pair.left_out]
    asked = [pair for pair in pairs if pair not in left_out]
    are = "is" if len(left_out) == 1 else "are"
    aside = f"{listed(pair.b for pair in left_out)} diverged in every seed and {are} left out" if left_out else ""
    if not asked:
        return "undecided", sentence(f"No other loss than {claim.loss} has a finished seed", aside)
    beaten = _beaten(claim, asked, len(pairs))
    if beaten:
        pair, p = beaten
        side = "above" if claim.highest else "below"
        tested = f"{pair.told()}, so {pair.b} lies {side}, and {claim.loss} leaves the set of the {end} at adjusted p"
        return "contradicted", sentence(f"{tested} {p_value(p)}{pair.over_looks}", *pair.asides, aside)
    untested = [pair for pair in asked if not pair.testable]
    if untested:
        sign = 1.0 if claim.highest else -1.0
        return _untested(min(untested, key=lambda pair: sign * pair.mean if pair.seeds else -math.inf), aside)
    nearest = max(asked, key=lambda pair: _p_supports(claim, pair))
    return _against_the_nearest(claim, nearest, asked, aside)


def _against_the_nearest(claim: Extreme, nearest: Contrast, asked: Sequence[Contrast], aside: str) -> Judged:
    p = _p_supports(claim, nearest)
    largest = f", the largest among {counted(len(asked), 'other loss', 'other losses')}" if len(asked) > 1 else ""
    tested = f"{nearest.told()}, one-sided p {p_value(p)}{nearest.over_looks}{largest}"
    if p > ALPHA:
        end = "highest" if claim.highest else "lowest"
        return "undecided", sentence(f"{tested}: {claim.loss} is not shown to be the {end}", *nearest.asides, aside)
    held = next((pair for pair in asked if pair.held_back), None)
    if held is not None:
        return "undecided", sentence(f"{tested}, but {held.held_back}", *held.asides, aside)
    return "supported", sentence(tested, *nearest.asides, aside)


def _beaten(claim: Extreme, asked: Sequence[Contrast], others: int) -> tuple[Contrast, float] | None:
    """The loss that drives the claimed one out of the best set, with the adjusted p-value; None where none does."""
    found = [(pair, pair.p_below if claim.highest else pair.p_above) for pair in asked]
    sure = [(pair, min(p * others, 1.0)) for pair, p in found if not math.isnan(p) and not pair.held_back]
    least = min(sure, key=lambda item: item[1], default=None)
    return least if least is not None and least[1] <= ALPHA else None


def _p_supports(claim: Extreme, pair: Contrast) -> float:
    return pair.p_above if claim.highest else pair.p_below


def _untested(pair: Contrast, aside: str = "") -> Judged:
    """What cannot be tested: the difference as far as there is one, and the reason."""
    told = f"{pair.told()}, but {pair.untestable}" if pair.seeds else capital(pair.untestable)
    return "undecided", sentence(told, *pair.asides, aside)


def _outcome(holds: bool) -> Outcome:
    return "supported" if holds else "contradicted"
