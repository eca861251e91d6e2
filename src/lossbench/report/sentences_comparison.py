"""What is said of comparisons: the verdict, what qualifies it, whether it holds for new pictures, what would decide."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.analysis.paired import ALPHA
from lossbench.analysis.power import MOST_SEEDS
from lossbench.analysis.types import Analysis, Comparison
from lossbench.report.lookup import standings
from lossbench.text import oxford, p_value

__all__ = [
    "NAMES_UP_TO",
    "for_new_pictures",
    "holds_for_new_pictures",
    "more_seeds",
    "remark",
    "seeds_span",
    "significant",
    "verdict_words",
    "would_decide",
]

NAMES_UP_TO = 4
"""Longer lists of losses are counted instead."""


_NO_DIFFERENCE = "undecided: no difference shown"


def significant(item: Comparison) -> bool:
    """Whether a difference is shown, whatever else may forbid a verdict."""
    return item.p_adjusted is not None and item.p_adjusted <= ALPHA


def verdict_words(item: Comparison, margin: float) -> str:
    """A verdict as a table shows it, said of the first loss."""
    if item.verdict == "undecided":
        return "undecided" if item.p_adjusted is None or significant(item) else _NO_DIFFERENCE
    if item.verdict == "equivalent":
        return f"equivalent within {margin:g}" + (": a real difference, but below the margin" if item.real else "")
    return item.verdict


def remark(item: Comparison) -> str:
    """What a table says beside a verdict: why it is undecided, what qualifies it, McNemar's p; may be empty."""
    told = item.verdict == "equivalent" or verdict_words(item, 0) == _NO_DIFFERENCE
    mcnemar = "" if item.p_mcnemar is None else f"McNemar's p {p_value(item.p_mcnemar)}"
    return "; ".join(words for words in ("" if told else item.reason, mcnemar) if words)


def would_decide(analysis: Analysis, item: Comparison) -> bool:
    """Whether more seeds are what an undecided pair lacks: a loss that diverges stays one that diverged."""
    stands = standings(analysis)
    diverges = any(stands[loss].diverged for loss in (item.a, item.b) if loss in stands)
    return item.verdict == "undecided" and item.p_adjusted is not None and not diverges


def seeds_span(item: Comparison) -> str:
    """How many seeds would decide a pair: `12 to 40`, `12 to more than 1,000`, `more than 1,000`."""
    ends = (item.seeds_to_decide, item.seeds_to_decide_high)
    return " to ".join(dict.fromkeys(f"more than {MOST_SEEDS:,}" if end is None else f"{end:,}" for end in ends))


def more_seeds(analysis: Analysis, item: Comparison) -> str:
    """The same as a clause: `about 12 seeds (up to 40) would decide it`; nothing where seeds are not what it lacks."""
    if not would_decide(analysis, item):
        return ""
    if item.seeds_to_decide is None:
        return f"more than {MOST_SEEDS:,} seeds would be needed to decide it"
    most = item.seeds_to_decide_high
    if most == item.seeds_to_decide:
        return f"about {most:,} seeds would decide it"
    reach = f"possibly more than {MOST_SEEDS:,}" if most is None else f"up to {most:,}"
    return f"about {item.seeds_to_decide:,} seeds ({reach}) would decide it"


def holds_for_new_pictures(item: Comparison, margin: float) -> bool | None:
    """Whether the interval over seeds and pictures agrees with the verdict; None where there is nothing to ask."""
    if item.low_new is None or item.high_new is None or item.verdict == "undecided":
        return None
    if item.verdict == "equivalent":
        return -margin < item.low_new and item.high_new < margin
    return item.low_new > 0 or item.high_new < 0


def for_new_pictures(items: Sequence[Comparison], margin: float) -> str:
    """What to add to verdicts of one kind on one loss against others; nothing where it cannot be asked of any."""
    known = [holds_for_new_pictures(item, margin) for item in items]
    if all(holds is None for holds in known):
        return ""
    if all(known):
        return ", also for new test pictures"
    if not any(known):
        return ", on this test set but not shown for new pictures"
    not_shown = [item.b for item, holds in zip(items, known, strict=True) if not holds]
    if len(not_shown) <= NAMES_UP_TO:
        return f", also for new test pictures except against {oxford(not_shown, 'or')}"
    return f", also for new test pictures in {known.count(True)} of {len(known)} cases"
