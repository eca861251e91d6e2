"""What a study that runs until it is decided has not decided yet."""

from __future__ import annotations

from lossbench.analysis.types import Analysis, Comparison
from lossbench.spec import Band, Equivalence, Extreme, Order, parse_hypothesis

__all__ = ["BEST", "open_questions"]

BEST = "which loss is best"
"""The question that every study asks."""

_SEEDS_TELL = (Order, Equivalence, Extreme, Band)


def open_questions(analysis: Analysis) -> tuple[str, ...]:
    """The hypotheses that more seeds may still decide, as the study wrote them, and `BEST` where that is open.

    Which loss is best is decided when some loss of the best set is shown to be better than, or equivalent to, every
    other of it: that one may be trained with. Of one loss alone it is no question. Claims about the course of training
    are read in every seed there is; what is undecided because seeds disagree stays so, whatever further seeds say.
    """
    hypotheses = [item.hypothesis for item in analysis.findings if item.outcome == "undecided"]
    waiting = [text for text in hypotheses if isinstance(parse_hypothesis(text, own=None).claim, _SEEDS_TELL)]
    return (*waiting, *([] if _best_known(analysis) else [BEST]))


def _best_known(analysis: Analysis) -> bool:
    if len(analysis.standings) < 2:
        return True
    best = [item.loss for item in analysis.standings if item.best]
    known = {(item.a, item.b): item for item in analysis.comparisons}
    return any(all(_not_below(known, one, other) for other in best if other != one) for one in best)


def _not_below(known: dict[tuple[str, str], Comparison], one: str, other: str) -> bool:
    if (one, other) in known:
        return known[one, other].verdict in ("better", "equivalent")
    return known[other, one].verdict in ("worse", "equivalent")
