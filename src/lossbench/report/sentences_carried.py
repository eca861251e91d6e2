"""Whether rankings and verdicts carry over from one condition to another, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.analysis.across import Across, Both, Carried, Tuned
from lossbench.report.sentences_comparison import NAMES_UP_TO
from lossbench.spec import FIXED, TUNED
from lossbench.text import capital, counted, fixed, isolate, listed

__all__ = [
    "between_models",
    "between_scenarios",
    "carried_sentences",
    "gain_sentences",
    "tau",
    "tuned_sentence",
    "where",
]


_NAMES = ("model", "scenario", "recipe")


def between_models(across: Across) -> list[Carried]:
    """Every two conditions that differ in the model alone."""
    return [item for item in across.carried if item.by == "model"]


def between_scenarios(across: Across) -> list[Carried]:
    """Every condition and that of the study's first scenario, where they differ in that alone."""
    first = across.conditions[0].scenario
    return [item for item in across.carried if item.by == "scenario" and item.here.scenario == first]


def where(across: Across, item: Carried) -> str:
    """What two conditions have in common, of what differs in the study: `clean`, `mlp, clean`; may be empty."""
    differing = [name for name in _NAMES if len({getattr(x, name) for x in across.conditions}) > 1]
    shared = [str(getattr(item.here, name)) for name in differing if name != item.by]
    words = [f"{word} recipe" if word in (FIXED, TUNED) else word for word in shared]
    return isolate(", ".join(words)) if words else ""


def tau(item: Carried) -> str:
    """Kendall's tau as it is written."""
    return "–" if item.tau is None else fixed(item.tau, 2)


def span(taus: Sequence[float]) -> str:
    """From the least to the greatest, or one where both are written alike."""
    return " to ".join(dict.fromkeys((fixed(min(taus), 2), fixed(max(taus), 2))))


def carried_sentences(across: Across, items: Sequence[Carried], what: str) -> tuple[str, ...]:
    """Of conditions held against each other: how alike the rankings are, and what becomes of verdicts.

    Args:
        across: the study.
        items: which.
        what: `model`, `scenario`.
    """
    known = [item.tau for item in items if item.tau is not None]
    said = []
    if known:
        said.append(f"From {what} to {what} Kendall's tau of the losses' means is {span(known)} ({_alike(known)}).")
    return (*said, *_verdicts(across, items, what))


def _alike(taus: Sequence[float]) -> str:
    if all(value == 1 for value in taus):
        return "1 is the same order"
    return "1 is the same order, 0 no relation, −1 the opposite"


def _verdicts(across: Across, items: Sequence[Carried], what: str) -> tuple[str, ...]:
    pairs = [pair for item in items for pair in item.pairs]
    if not pairs:
        return ()
    holds, turns, opens = (sum(getattr(pair, name) for pair in pairs) for name in ("holds", "turns", "opens"))
    rest = len(pairs) - holds - turns - opens
    parts = [f"{holds} have the same winner in both"] if holds else []
    parts += [f"{turns} turn round"] if turns else []
    parts += [f"{opens} have a winner in one of the two only"] if opens else []
    parts += [f"{rest} have a winner in neither"] if rest else []
    count = counted(len(pairs), "pair")
    lead = f"Of {count} of losses, each held against itself from {what} to {what}, {listed(parts)}."
    return (lead, *_turned(across, items))


def _turned(across: Across, items: Sequence[Carried]) -> tuple[str, ...]:
    """The first of the verdicts that turn round, by name; those that do so alike elsewhere are told together."""
    found: dict[str, list[str]] = {}
    for item in items:
        for pair in item.pairs:
            if pair.turns:
                found.setdefault(_one_turned(item, pair), []).append(where(across, item))
    told = [f"{words}{_places(places)}" for words, places in list(found.items())[:NAMES_UP_TO]]
    more = len(found) - len(told)
    rest = f"; so do {more} more, which the table counts" if more > 0 else ""
    return (f"{capital('; '.join(told))}{rest}.",) if told else ()


def _one_turned(item: Carried, pair: Both) -> str:
    winner, loser = (pair.a, pair.b) if pair.here.verdict == "better" else (pair.b, pair.a)
    here, there = (isolate(getattr(condition, item.by)) for condition in (item.here, item.there))
    return f"{isolate(winner)} is shown to be better than {isolate(loser)} with {here}, and worse with {there}"


def _places(places: Sequence[str]) -> str:
    told = listed(place for place in places if place)
    return f" ({told})" if told else ""


def tuned_sentence(items: Sequence[Tuned]) -> str:
    """Whether tuning changes verdicts; nothing where there was none."""
    pairs = [pair for item in items for pair in item.carried.pairs]
    if not pairs:
        return ""
    changed, turned = (sum(getattr(pair, name) for pair in pairs) for name in ("changes", "turns"))
    if not changed:
        return f"Tuning changes none of the verdicts on {counted(len(pairs), 'pair')} of losses."
    round_ = f", {turned} of them from better to worse or back" if turned else ", none of them from better to worse"
    return f"Tuning changes {changed} of {counted(len(pairs), 'verdict')}{round_}."


def gain_sentences(item: Tuned, metric: str, higher_is_better: bool) -> tuple[str, ...]:
    """Which losses gain by tuning for certain, and which lose."""
    sign = 1 if higher_is_better else -1
    known = [gain for gain in item.gains if gain.low is not None and gain.high is not None]
    up = [gain for gain in known if min(sign * (gain.low or 0), sign * (gain.high or 0)) > 0]
    down = [gain for gain in known if max(sign * (gain.low or 0), sign * (gain.high or 0)) < 0]
    said = []
    for gains, words in ((up, "gain by tuning"), (down, "lose by tuning")):
        if gains:
            ordered = sorted(gains, key=lambda gain: -abs(gain.mean or 0))
            names = listed(f"{isolate(gain.loss)} ({fixed(abs(gain.mean or 0))})" for gain in ordered[:NAMES_UP_TO])
            more = f" and {len(ordered) - NAMES_UP_TO} more" if len(ordered) > NAMES_UP_TO else ""
            verb = words.replace("gain", "gains").replace("lose", "loses") if len(ordered) == 1 else words
            by = "an interval that leaves" if len(ordered) == 1 else "intervals that leave"
            said.append(f"In {metric}, {names}{more} {verb}, by {by} out 0.")
    return tuple(said) or (f"No loss is shown to gain or to lose by tuning in {metric}.",)
