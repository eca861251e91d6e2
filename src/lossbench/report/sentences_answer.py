"""The answer in a few sentences: who leads, what is shown, what to choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lossbench.analysis.types import Analysis, Comparison, Estimate
from lossbench.report.lookup import best_set, between, finished, metric_title, pair, primary
from lossbench.report.sentences_comparison import NAMES_UP_TO, for_new_pictures, more_seeds, significant
from lossbench.text import capital, counted, fixed, isolate, listed, oxford, p_value, signed

__all__ = ["answer", "choice", "interval", "leading", "standing"]

_NO_OTHER = "No other loss has a finished trial, so there is nothing to hold it against."


def answer(analysis: Analysis) -> tuple[str, ...]:
    """The question's answer in up to three sentences, the main number first."""
    ranked = finished(analysis)
    if not ranked:
        return ("No trial finished, so nothing can be said yet.",)
    stands = standing(analysis, ranked)
    if len(ranked) == 1:
        return (leading(analysis, ranked), stands or _NO_OTHER)
    if max(len(item.seeds) for item in ranked) == 1:
        return (leading(analysis, ranked), _ahead(analysis, ranked))
    return tuple(text for text in (leading(analysis, ranked), stands, choice(analysis, ranked)) if text)


def leading(analysis: Analysis, ranked: Sequence[Estimate]) -> str:
    """Which loss has the best mean, with its interval; ties are named."""
    best = [item for item in ranked if item.mean == ranked[0].mean]
    metric = metric_title(analysis.metric)
    extreme = "highest" if analysis.higher_is_better else "lowest"
    if len(ranked) == 1:
        return f"{capital(metric)} with {isolate(best[0].loss)} is {interval(best[0])}{_where_it_converged(best[0])}."
    if len(best) == 1:
        lead = f"{capital(metric)} is {extreme} with {isolate(best[0].loss)}"
        return f"{lead}: {interval(best[0])}{_where_it_converged(best[0])}."
    names = oxford(item.loss for item in best) if len(best) <= NAMES_UP_TO else f"{len(best)} losses alike"
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
    """How the leader stands against every other loss, by verdict; nothing where there is no other.

    A loss without a finished seed takes part where it counts as guessing.
    """
    best = ranked[0].loss
    pairs = [item for other in analysis.ranking if (item := pair(analysis, best, other)) is not None]
    against = [item for item in pairs if item.verdict != "undecided" or primary(analysis, item.b) is not None]
    groups: dict[_Phrase, list[Comparison]] = {phrase: [] for phrase in _PHRASES}
    for item in against:
        groups[_phrase(item)].append(item)
    parts = [phrase(items, analysis) for phrase, items in groups.items() if items]
    return f"{isolate(best)} is {'; it is '.join(parts)}." if parts else ""


def choice(analysis: Analysis, ranked: Sequence[Estimate]) -> str:
    """What follows for somebody who must choose: the best set, and where the pairs say otherwise."""
    best = best_set(analysis)
    if not best:
        return _choice_by_pairs(analysis, ranked)
    said = _alone(analysis, best[0]) if len(best) == 1 else _best_several(analysis, best, ranked)
    return said + _which_family_speaks(analysis, best)


def _alone(analysis: Analysis, best: str) -> str:
    dropped = all(item.best is False for item in analysis.standings if item.loss != best)
    other = "every other loss" if dropped else "every other loss that finished"
    only = isolate(best)
    return f"The best set is {only} alone, so this study's choice is {only}: {other} is shown to be below the best."


def _best_several(analysis: Analysis, best: Sequence[str], ranked: Sequence[Estimate]) -> str:
    alike, within = _alike(analysis, best), f"equivalent within {analysis.margin:g}"
    if len(best) == len(ranked):
        if alike:
            return f"All {len(best)} losses are in the best set and {within}: choose among them for other reasons."
        return "No loss can be dropped from the best set, nor are all shown to be equivalent: the choice is undecided."
    names = oxford(best) if len(best) <= NAMES_UP_TO else f"{len(best)} of {len(ranked)} losses, marked below"
    among = "between them" if len(best) == 2 else "among them"
    so = f"they are {within}, so choose {among} for other reasons" if alike else f"the choice {among} is undecided"
    return f"The best set, from which nothing can be dropped, is {names}: {so}."


def _which_family_speaks(analysis: Analysis, best: Sequence[str]) -> str:
    """Where comparisons with the best and comparisons of all pairs differ, both are told."""
    dropped = [loss for loss in analysis.leaders if loss not in best]
    kept = [loss for loss in best if loss not in analysis.leaders]
    said = ""
    if dropped:
        it = "it" if len(dropped) == 1 else "them"
        said += (
            f" Comparisons with the best drop {_some(dropped)}; pair by pair no loss is shown to be better than {it}."
        )
    if kept:
        verb, it = ("is", "it") if len(kept) == 1 else ("are", "them")
        lead = f" Pair by pair {_some(kept)} {verb} shown to be worse than some loss"
        said += f"{lead}; comparisons with the best do not drop {it}."
    return said


def _choice_by_pairs(analysis: Analysis, ranked: Sequence[Estimate]) -> str:
    """The same where there is no best set: from the pairs alone."""
    leaders = [item.loss for item in ranked if item.loss in analysis.leaders]
    if len(leaders) == 1:
        only = isolate(leaders[0])
        return f"Every other loss is shown to be worse than some loss, so this study's choice is {only}."
    if _alike(analysis, leaders):
        them = capital(_some(leaders, "losses"))
        return f"{them} are equivalent within {analysis.margin:g}: choose among them for other reasons."
    if len(leaders) == len(ranked):
        return (
            "No loss is shown to be worse than any other, nor are all shown to be equivalent: the choice is undecided."
        )
    if not leaders:
        return "Every loss is shown to be worse than some other, each on its own seeds: the choice is undecided."
    names = _some(leaders, "leading losses")
    return f"The choice between {names} is undecided; every other loss is shown to be worse than at least one loss."


def _alike(analysis: Analysis, losses: Sequence[str]) -> bool:
    pairs = between(analysis, losses)
    return bool(pairs) and all(item.verdict == "equivalent" for item in pairs)


def _some(losses: Sequence[str], what: str = "losses") -> str:
    return oxford(losses) if len(losses) <= NAMES_UP_TO else f"these {len(losses)} {what}"


def _where_it_converged(item: Estimate) -> str:
    if not item.diverged:
        return ""
    seeds = counted(len(item.seeds) + item.diverged, "seed")
    return f", given convergence, for it diverged in {item.diverged} of {seeds}"


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
        mcnemar = "" if found.p_mcnemar is None else f", McNemar's p {p_value(found.p_mcnemar)}"
        over = f" (95 % interval over test pictures {fixed(low)} to {fixed(high)}{mcnemar})"
    return (
        f"{isolate(second.loss)} comes next, {fixed(distance)} behind{over}; no difference is shown by a single seed."
    )


def _names(items: Sequence[Comparison], analysis: Analysis, numbers: bool) -> str:
    if len(items) > NAMES_UP_TO:
        guessing = sum(primary(analysis, item.b) is None for item in items)
        lost = f" ({guessing} of them counted as guessing, having diverged in every seed)" if guessing else ""
        return f"{len(items)} others{lost}"
    return listed(isolate(item.b) + _aside(item, analysis, numbers) for item in items)


def _aside(item: Comparison, analysis: Analysis, numbers: bool) -> str:
    """` (by 0.100)`, and how a loss without a finished seed comes to have a number."""
    by = [f"by {fixed(abs(item.difference))}"] if numbers and item.difference is not None else []
    lost = [] if primary(analysis, item.b) else ["counted as guessing, for it diverged in every seed"]
    return f" ({', '.join(by + lost)})" if by or lost else ""


def _better(items: Sequence[Comparison], analysis: Analysis) -> str:
    too = for_new_pictures(items, analysis.margin)
    return f"shown to be better than {_names(items, analysis, numbers=True)}{too}"


def _equivalent(items: Sequence[Comparison], analysis: Analysis) -> str:
    too = for_new_pictures(items, analysis.margin)
    return f"equivalent to {_names(items, analysis, numbers=False)} within {analysis.margin:g}{too}"


def _real(items: Sequence[Comparison], analysis: Analysis) -> str:
    names, too = _names(items, analysis, numbers=True), for_new_pictures(items, analysis.margin)
    return f"really different from {names}, but by less than the margin {analysis.margin:g}{too}"


def _undecided(items: Sequence[Comparison], analysis: Analysis) -> str:
    """No difference is shown; of the nearest rival, which comes first, what would show one."""
    nearest, several = items[0], len(items) > 1
    lead = f"undecided against {_names(items, analysis, numbers=False)}, no difference shown"
    if not several and None not in (nearest.difference, nearest.low, nearest.high):
        lead += f" ({signed(nearest.difference or 0)}, 95 % interval {_span(nearest)})"
    seeds = more_seeds(analysis, nearest)
    if not seeds:
        return lead
    against = f" against {isolate(nearest.b)}, the nearest" if several else ""
    return f"{lead}: {seeds}{against}, with 80 % power"


def _held(items: Sequence[Comparison], analysis: Analysis) -> str:
    """Undecided for another reason than a difference that is not shown."""
    reasons = listed(dict.fromkeys(item.reason for item in items if item.reason))
    return f"undecided against {_names(items, analysis, numbers=False)}" + (f" ({reasons})" if reasons else "")


def _worse(items: Sequence[Comparison], analysis: Analysis) -> str:
    return f"shown to be worse than {_names(items, analysis, numbers=True)} on the seeds that both finished"


def _span(item: Comparison) -> str:
    return f"{fixed(item.low or 0)} to {fixed(item.high or 0)}"


_Phrase = Callable[[Sequence[Comparison], Analysis], str]
_PHRASES: tuple[_Phrase, ...] = (_better, _equivalent, _real, _undecided, _held, _worse)


def _phrase(item: Comparison) -> _Phrase:
    if item.verdict == "better":
        return _better
    if item.verdict == "worse":
        return _worse
    if item.verdict == "equivalent":
        return _real if item.real else _equivalent
    return _held if item.p_adjusted is None or significant(item) else _undecided
