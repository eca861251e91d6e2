"""The answer in a few sentences: who leads, what is shown, what to choose, and what the numbers speak of."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.analysis.types import Analysis, Comparison, Estimate
from lossbench.figures.text import capital, counted, fixed, isolate, listed, oxford, signed
from lossbench.report.gradient_scale import gradient_scales, spread
from lossbench.report.lookup import between, finished, metric_title, pair
from lossbench.results import Results

__all__ = [
    "answer",
    "choice",
    "failures",
    "interval",
    "leading",
    "qualifications",
    "scope",
    "standing",
    "verdict_words",
]

_NAMES_UP_TO = 4  # longer lists are counted instead


def answer(analysis: Analysis) -> tuple[str, ...]:
    """The question's answer in up to three sentences, the main number first."""
    ranked = finished(analysis)
    if not ranked:
        return ("No trial finished, so nothing can be said yet.",)
    if len(ranked) == 1:
        alone = "No other loss has a finished trial, so there is nothing to hold it against."
        return (leading(analysis, ranked), alone)
    if _largest(ranked) == 1:
        return (leading(analysis, ranked), _ahead(analysis, ranked))
    return (leading(analysis, ranked), standing(analysis, ranked), choice(analysis, ranked))


def qualifications(results: Results, analysis: Analysis) -> tuple[str, ...]:
    """What the answer speaks of, and what it lacks."""
    ranked = finished(analysis)
    scale = spread(gradient_scales(results))
    return (*([scope(ranked)] if ranked else []), *([scale] if scale else []), *failures(results))


def leading(analysis: Analysis, ranked: Sequence[Estimate]) -> str:
    """Which loss has the best mean, with its interval; ties are named."""
    best = [item for item in ranked if item.mean == ranked[0].mean]
    metric = metric_title(analysis.metric)
    extreme = "highest" if analysis.higher_is_better else "lowest"
    if len(ranked) == 1:
        return f"{capital(metric)} with {isolate(best[0].loss)} is {interval(best[0])}."
    if len(best) == 1:
        return f"{capital(metric)} is {extreme} with {isolate(best[0].loss)}: {interval(best[0])}."
    names = oxford(item.loss for item in best) if len(best) <= _NAMES_UP_TO else f"{len(best)} losses alike"
    return f"{capital(metric)} is {extreme}, and the same, with {names}: {fixed(best[0].mean or 0)}."


def interval(item: Estimate) -> str:
    """A mean with its interval and number of seeds: `0.580 (95 % interval 0.571 to 0.589, 5 seeds)`."""
    if item.mean is None:
        return "unknown"
    if item.low is None or item.high is None:
        seeds = f"seed {item.seeds[0]} alone" if len(item.seeds) == 1 else counted(len(item.seeds), "seed")
        return f"{fixed(item.mean)} ({seeds}, so no interval)"
    span = f"{fixed(item.low)} to {fixed(item.high)}"
    return f"{fixed(item.mean)} (95 % interval {span}, {counted(len(item.seeds), 'seed')})"


def standing(analysis: Analysis, ranked: Sequence[Estimate]) -> str:
    """How the leader stands against every other loss, by verdict."""
    best = ranked[0].loss
    against = [item for other in ranked[1:] if (item := pair(analysis, best, other.loss)) is not None]
    groups = {verdict: [item for item in against if item.verdict == verdict] for verdict in _PHRASES}
    parts = [_PHRASES[verdict](items, analysis.margin) for verdict, items in groups.items() if items]
    return f"{isolate(best)} is {'; it is '.join(parts)}." if parts else ""


def choice(analysis: Analysis, ranked: Sequence[Estimate]) -> str:
    """What follows for somebody who must choose."""
    labels = [item.loss for item in ranked]
    leaders = [loss for loss in analysis.leaders if loss in labels]
    if len(leaders) == 1:
        only = isolate(leaders[0])
        return f"Every other loss is shown to be worse than some loss, so this study's choice is {only}."
    pairs = between(analysis, leaders)
    alike = bool(pairs) and all(item.verdict == "equivalent" for item in pairs)
    names = oxford(leaders) if len(leaders) <= _NAMES_UP_TO else f"these {len(leaders)} leading losses"
    whole = len(leaders) == len(labels)
    if alike:
        return f"{capital(names)} are equivalent within {analysis.margin:g}: choose among them for other reasons."
    if whole:
        return (
            "No loss is shown to be worse than any other, nor are all shown to be equivalent: the choice is undecided."
        )
    return f"The choice between {names} is undecided; every other loss is shown to be worse than at least one loss."


def scope(ranked: Sequence[Estimate]) -> str:
    """What the numbers speak of."""
    if _largest(ranked) <= 1:
        return (
            "Every loss was trained with one seed: these numbers speak of these trained networks only, "
            "and what retraining would give is undecided."
        )
    return (
        "The intervals speak of retraining with other seeds, judged on this test set; "
        "nothing here speaks of new training data."
    )


def failures(results: Results) -> tuple[str, ...]:
    """How many trials did not get to their end; nothing where all did."""
    total = results.trials.height
    parts = []
    for status, words in (("diverged", "diverged"), ("failed", "failed"), ("missing", "missing")):
        count = int((results.trials["status"] == status).sum())
        verb = ("is " if count == 1 else "are ") if status == "missing" else ""
        if count:
            parts.append(f"{count:,} {verb}{words}")
    return (f"Of {counted(total, 'trial')}, {listed(parts)}.",) if parts else ()


def verdict_words(item: Comparison, margin: float) -> str:
    """A verdict as a table shows it, said of the first loss."""
    if item.verdict == "undecided":
        return "undecided: no difference shown"
    if item.verdict == "equivalent":
        real = item.p_adjusted is not None and item.p_adjusted <= 0.05
        return f"equivalent within {margin:g}" + (": a real difference, but below the margin" if real else "")
    return item.verdict


def _largest(ranked: Sequence[Estimate]) -> int:
    return max(len(item.seeds) for item in ranked)


def _ahead(analysis: Analysis, ranked: Sequence[Estimate]) -> str:
    """With one seed: the distance to the runner-up, and what is not shown."""
    first, second = ranked[0], ranked[1]
    found = pair(analysis, first.loss, second.loss)
    distance = abs((first.mean or 0) - (second.mean or 0))
    over = ""
    if found is not None and found.low is not None and found.high is not None:
        # The distance is told without its sign, so the interval of a negative difference is turned round.
        turned = (found.difference or 0) < 0
        low, high = (-found.high, -found.low) if turned else (found.low, found.high)
        over = f" (95 % interval over test pictures {fixed(low)} to {fixed(high)})"
    return (
        f"{isolate(second.loss)} comes next, {fixed(distance)} behind{over}; no difference is shown by a single seed."
    )


def _names(items: Sequence[Comparison], numbers: bool) -> str:
    if len(items) > _NAMES_UP_TO:
        return f"{len(items)} others"
    return listed(
        isolate(item.b) + (f" (by {fixed(abs(item.difference))})" if numbers and item.difference is not None else "")
        for item in items
    )


def _better(items: Sequence[Comparison], _: float) -> str:
    return f"shown to be better than {_names(items, numbers=True)}"


def _equivalent(items: Sequence[Comparison], margin: float) -> str:
    return f"equivalent to {_names(items, numbers=False)} within {margin:g}"


def _undecided(items: Sequence[Comparison], _: float) -> str:
    lead = f"undecided against {_names(items, numbers=False)}, no difference shown"
    only = items[0]
    if len(items) > 1 or only.difference is None or only.low is None or only.high is None:
        return lead
    return f"{lead} ({signed(only.difference)}, 95 % interval {_span(only)})"


def _worse(items: Sequence[Comparison], _: float) -> str:
    return f"shown to be worse than {_names(items, numbers=True)} on the seeds that both finished"


def _span(item: Comparison) -> str:
    return f"{fixed(item.low or 0)} to {fixed(item.high or 0)}"


_PHRASES = {"better": _better, "equivalent": _equivalent, "undecided": _undecided, "worse": _worse}
