"""What becomes of each hypothesis that was written before the run: a pure function of the results table."""

from __future__ import annotations

from collections.abc import Mapping

from lossbench.analysis.claims_read import FEWEST_LOSSES, judge_band, judge_follows
from lossbench.analysis.claims_tested import judge_equivalence, judge_extreme, judge_order
from lossbench.analysis.contrast import Contrast
from lossbench.analysis.contrasts import contrasts
from lossbench.analysis.evidence import sentence
from lossbench.analysis.holm import holm
from lossbench.analysis.trends import judge_trend
from lossbench.analysis.types import Finding, Outcome
from lossbench.analysis.values import Measured
from lossbench.results import Results
from lossbench.spec import Band, Equivalence, Extreme, Follows, Hypothesis, Measure, Order, Trend, parse_hypothesis
from lossbench.text import listed

__all__ = ["findings"]

Judged = tuple[Outcome, str]

_TOP = 5  # of `top5`


def findings(results: Results) -> tuple[Finding, ...]:
    """One per hypothesis of the plan, in its order.

    The study's hypotheses are a family of their own: Holm over the two-sided p-values of all `A > B` and `A < B`, and
    over those of all `A ~ B`, that they are equivalent and that they differ by more, each at .05. What is measured is
    the last epoch of finished trials, unless the claim is on the course of training.

    Raises:
        RequestError: the plan has a hypothesis that is no sentence of the grammar.
    """
    texts = [str(text) for text in results.study["plan"].get("hypotheses", ())]
    asked = [parse_hypothesis(text, own=None) for text in texts]
    measured = {measure: Measured.of(results, measure) for item in asked for measure in _measures(item)}
    judged: dict[int, Judged] = {}
    for place, item in enumerate(asked):
        lacking = _lacking(results, item, measured)
        if lacking:
            judged[place] = "not tested", lacking
        elif not isinstance(item.claim, Order | Equivalence):
            judged[place] = _judge(results, item, measured)
    judged |= _compared(results, {place: item for place, item in enumerate(asked) if place not in judged}, measured)
    return tuple(Finding(text, *judged[place]) for place, text in enumerate(texts))


def _measures(hypothesis: Hypothesis) -> tuple[Measure, ...]:
    other = (hypothesis.claim.other,) if isinstance(hypothesis.claim, Follows) else ()
    return hypothesis.measure, *other


def _lacking(results: Results, hypothesis: Hypothesis, measured: Mapping[Measure, Measured]) -> str:
    """What the results do not have of what a hypothesis speaks of, as a sentence; empty where they have all."""
    own = str((*results.study.get("scenarios", ()), "clean")[0])
    if hypothesis.scenario is not None and hypothesis.scenario != own:
        return sentence(f"These results are of the scenario {own}, not of {hypothesis.scenario}")
    early = [str(measure) for measure in _measures(hypothesis) if measure.metric in results.logit_metrics]
    if early and not results.external and _over_epochs(hypothesis):
        return sentence(f"{early[0]} is known at the last epoch alone")
    lacking = [f"loss {loss}" for loss in hypothesis.losses if loss not in results.labels]
    if isinstance(hypothesis.claim, Extreme) and len(results.labels) < 2:
        lacking.append("other loss to hold it against")
    if isinstance(hypothesis.claim, Follows) and len(results.labels) < FEWEST_LOSSES:
        return sentence(f"An order of losses takes at least {FEWEST_LOSSES}, and these results have fewer")
    trained = set(results.history["loss_function"])
    for measure in _measures(hypothesis):
        there = measured[measure].anywhere
        if trained and not there:
            if why := _known_reason(results, measure):
                return sentence(why)
            lacking.append(str(measure))
        elif there:
            lacking += [f"{measure} of {loss}" for loss in hypothesis.losses if loss in trained - there]
    return sentence(f"These results have no {listed(lacking, 'and no')}") if lacking else ""


def _known_reason(results: Results, measure: Measure) -> str:
    """Why no trial has a number; empty where that is not known."""
    classes = len(results.data.class_names)
    if measure.metric == "top5" and 0 < classes <= _TOP:
        return f"{classes} classes have no top five"
    why = next((reason for _, _, name, reason in results.unmeasured if name == measure.metric), "")
    return f"{measure} has no value ({why})" if why else ""


def _over_epochs(hypothesis: Hypothesis) -> bool:
    """Whether a claim is on the course of training."""
    return isinstance(hypothesis.claim, Trend) or getattr(hypothesis.claim, "along_training", False)


def _judge(results: Results, hypothesis: Hypothesis, measured: Mapping[Measure, Measured]) -> Judged:
    """Claims that stand for themselves."""
    claim, values = hypothesis.claim, measured[hypothesis.measure]
    if isinstance(claim, Extreme):
        others = [label for label in results.labels if label != claim.loss]
        return judge_extreme(claim, contrasts(results, values, claim.loss, others))
    if isinstance(claim, Band):
        return judge_band(claim, values)
    if isinstance(claim, Trend):
        return judge_trend(claim, values)
    if isinstance(claim, Follows):
        return judge_follows(values, measured[claim.other])
    raise TypeError(f"{claim} is tested beside others")


def _compared(
    results: Results, asked: Mapping[int, Hypothesis], measured: Mapping[Measure, Measured]
) -> dict[int, Judged]:
    """Claims of two losses, which are tested side by side, by their place in the plan."""
    orders: dict[int, tuple[Order, Contrast]] = {}
    equivalences: dict[int, tuple[Equivalence, Contrast]] = {}
    for place, item in asked.items():
        if isinstance(item.claim, Order):
            orders[place] = item.claim, _pair(results, item.claim, measured[item.measure], 0.0)
        elif isinstance(item.claim, Equivalence):
            equivalences[place] = item.claim, _pair(results, item.claim, measured[item.measure], item.claim.margin)
    adjusted = holm([pair.p_difference for _, pair in orders.values()])
    alike = holm([pair.p_equivalence for _, pair in equivalences.values()])
    beyond = holm([pair.p_beyond for _, pair in equivalences.values()])
    judged = {
        place: judge_order(claim, pair, float(p))
        for (place, (claim, pair)), p in zip(orders.items(), adjusted, strict=True)
    }
    return judged | {
        place: judge_equivalence(claim, pair, float(p), float(q))
        for (place, (claim, pair)), p, q in zip(equivalences.items(), alike, beyond, strict=True)
    }


def _pair(results: Results, claim: Order | Equivalence, measured: Measured, margin: float) -> Contrast:
    epochs = measured.epochs((claim.a, claim.b)) if claim.along_training else None
    (pair,) = contrasts(results, measured, claim.a, [claim.b], margin=margin, epochs=epochs)
    return pair
