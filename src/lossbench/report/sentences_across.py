"""The answer across conditions: who is best everywhere, where verdicts turn round, where losses change places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from lossbench.analysis.across import Across, Lined
from lossbench.figures.levels import axis_title, within_series
from lossbench.report.lookup import metric_title
from lossbench.report.sentences_carried import between_models, span, tuned_sentence
from lossbench.report.sentences_comparison import NAMES_UP_TO
from lossbench.report.sentences_levels import overtakes
from lossbench.spec import Condition
from lossbench.text import capital, counted, isolate, listed, oxford

__all__ = ["answer_across", "best_set_words", "told"]

_MOST_CROSSINGS = 2  # that the answer tells


def answer_across(across: Across) -> tuple[str, ...]:
    """The question's answer over all conditions, in a few sentences."""
    known = [item for item in across.lined if item.leader is not None]
    if not known:
        return ("No trial finished in any condition, so nothing can be said yet.",)
    said = (
        _everywhere(across, known),
        _leading(across, known),
        _turning(across),
        _crossing(across),
        _models(across),
        tuned_sentence(across.tuned),
    )
    return tuple(sentence for sentence in said if sentence)


def told(across: Across, condition: Condition) -> str:
    """What tells a condition apart, as a name."""
    return isolate(condition.told(across.conditions) or condition.scenario)


def best_set_words(item: Lined) -> str:
    """The best set as a cell of a table has it; a dash where there is none."""
    if not item.best:
        return "–"
    if len(item.best) > NAMES_UP_TO:
        return f"{len(item.best)} of {len(item.names)} losses"
    return oxford(item.best)


def _everywhere(across: Across, known: Sequence[Lined]) -> str:
    """Which losses are in every best set, or how far the nearest come."""
    asked = [item for item in known if item.best]
    if not asked:
        return "In no condition can a best set be given: there are too few seeds."
    counts = Counter(loss for item in asked for loss in item.best)
    every = [loss for loss in across.losses if counts[loss] == len(asked)]
    of = _of(len(asked), len(across.lined))
    if len(every) == len(across.losses) > 1:
        return f"In {of} no loss can be dropped from the best set."
    if every:
        names = oxford(every) if len(every) <= NAMES_UP_TO else f"{len(every)} losses"
        only = " alone" if len(counts) == len(every) == 1 else ""
        return f"{capital(names)}{only} {'is' if len(every) == 1 else 'are'} in the best set of {of}."
    ranked = sorted(counts, key=lambda loss: (-counts[loss], across.ranking.index(loss)))[:NAMES_UP_TO]
    groups = {
        count: [loss for loss in ranked if counts[loss] == count] for count in dict.fromkeys(map(counts.get, ranked))
    }
    parts = [f"{oxford(losses)} {'is' if len(losses) == 1 else 'are'} in {count}" for count, losses in groups.items()]
    return f"No loss is in the best set of {of}: {listed(parts)}."


def _of(asked: int, conditions: int) -> str:
    if asked < conditions:
        return f"all {asked} of {conditions} conditions where it can be asked"
    return "both conditions" if conditions == 2 else f"all {conditions} conditions"


def _leading(across: Across, known: Sequence[Lined]) -> str:
    """Who has the best mean in how many conditions; nothing where best sets have said so."""
    if all(item.best == (item.leader,) for item in known):
        return ""
    counts = Counter(str(item.leader) for item in known)
    extreme = "highest" if across.higher_is_better else "lowest"
    lead = f"{capital(metric_title(across.metric))} is {extreme} with"
    if len(counts) == 1:
        where = "everywhere" if len(known) > 2 else "in both" if len(known) == 2 else "in the one condition known"
        return f"{lead} {isolate(next(iter(counts)))} {where}."
    parts = [f"{isolate(loss)} in {count}" for loss, count in counts.most_common(NAMES_UP_TO)]
    more = f" and with other losses in {sum(counts.values()) - sum(c for _, c in counts.most_common(NAMES_UP_TO))}"
    return f"{lead} {listed(parts)}{more if len(counts) > NAMES_UP_TO else ''} of {counted(len(known), 'condition')}."


def _turning(across: Across) -> str:
    """How many pairs of losses have a winner in one condition that loses in another, with an example."""
    pairs = list(combinations(across.losses, 2))
    found = {pair: _sides(across, *pair) for pair in pairs}
    turned = {pair: sides for pair, sides in found.items() if all(sides)}
    if not pairs or not any(any(sides) for sides in found.values()):
        return ""
    if not turned:
        return "No verdict turns round: who is shown to be better in one condition is shown to be worse in none."
    count = f"{len(turned)} of {counted(len(pairs), 'pair')}" if len(pairs) > 1 else "the one pair"
    (a, b), (first, second) = next(iter(turned.items()))
    here, there = (told(across, item.condition) for item in (first[0], second[0]))
    example = f"{isolate(a)} is shown to be better than {isolate(b)} in {here}, and worse in {there}"
    return f"The verdict on {count} of losses turns round{', for one' if len(turned) > 1 else ''}: {example}."


def _sides(across: Across, a: str, b: str) -> tuple[list[Lined], list[Lined]]:
    """The conditions where the first is shown to be better than the second, and where to be worse."""
    items = [(item, pair.verdict) for item in across.lined if (pair := item.pair(a, b)) is not None]
    return [x for x, said in items if said == "better"], [x for x, said in items if said == "worse"]


def _crossing(across: Across) -> str:
    """The first crossings that are shown."""
    found = [
        (series, item)
        for series, items in zip(across.series, across.crossings, strict=True)
        for item in items
        if item.shown
    ]
    parts = []
    for series, item in found[:_MOST_CROSSINGS]:
        apart = within_series(across, series)
        parts.append(f"along the {axis_title(series)}{apart and f' ({apart})'} {overtakes(series, item)}")
    more = len(found) - len(parts)
    rest = f"; {counted(more, 'more crossing is', 'more crossings are')} shown below" if more > 0 else ""
    return f"{capital('; '.join(parts))}{rest}." if parts else ""


def _models(across: Across) -> str:
    """How alike the rankings of the models are."""
    known = [item.tau for item in between_models(across) if item.tau is not None]
    if not known:
        return ""
    if all(value == 1 for value in known):
        return "The order of the losses' means is the same with every model."
    return f"From model to model the order of the losses' means has Kendall's tau {span(known)}; 1 is the same order."
