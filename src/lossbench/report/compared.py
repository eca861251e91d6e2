"""Which comparisons the page shows, and in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lossbench.analysis.types import Analysis, Comparison
from lossbench.figures.colours import Colours
from lossbench.report.lookup import metric_title, pair
from lossbench.report.sentences_comparison import remark, seeds_span, verdict_words, would_decide
from lossbench.text import counted, listed

__all__ = ["CompareRow", "Compared", "compared", "in_other_metrics"]


@dataclass(frozen=True)
class CompareRow:
    """A comparison, its verdict in words, what is said beside it, and how many seeds would decide it."""

    item: Comparison
    words: str
    remark: str
    to_decide: str


@dataclass(frozen=True)
class Compared:
    """The comparisons of one metric.

    Args:
        metric: its name for readers, `test F1`.
        summary: how many came out how.
        rows: one per pair that is shown.
        new_pictures: whether any has an interval for new test pictures.
        to_decide: whether of any it is known how many seeds would decide it.
    """

    metric: str
    summary: str
    rows: tuple[CompareRow, ...]
    new_pictures: bool
    to_decide: bool


def compared(analysis: Analysis, colours: Colours) -> Compared:
    """Every pair of losses in the study's own metric; of many losses the leader against every other."""
    shown: Sequence[Comparison] = analysis.comparisons
    if colours.others:
        leader, *others = analysis.ranking
        shown = [item for other in others if (item := pair(analysis, leader, other)) is not None]
    return _table(analysis, analysis.metric, shown)


def in_other_metrics(analysis: Analysis, colours: Colours) -> list[Compared]:
    """Every pair in each of the other metrics; nothing for many losses, whose tables would fill the page."""
    if colours.others:
        return []
    metrics = dict.fromkeys(item.metric for item in analysis.secondary)
    return [_table(analysis, metric, [x for x in analysis.secondary if x.metric == metric]) for metric in metrics]


def _table(analysis: Analysis, metric: str, items: Sequence[Comparison]) -> Compared:
    rows = tuple(
        CompareRow(x, verdict_words(x, analysis.margin), remark(x), seeds_span(x) if would_decide(analysis, x) else "")
        for x in items
    )
    return Compared(
        metric=metric_title(metric),
        summary=_summary(items),
        rows=rows,
        new_pictures=any(item.low_new is not None for item in items),
        to_decide=any(row.to_decide for row in rows),
    )


def _summary(items: Sequence[Comparison]) -> str:
    """`of 6 pairs 4 are shown to differ, 1 is equivalent and 1 is undecided`."""
    counts = Counter("differ" if item.verdict in ("better", "worse") else item.verdict for item in items)
    words = {"differ": "shown to differ", "equivalent": "equivalent", "undecided": "undecided"}
    parts = [
        f"{counts[kind]} {'is' if counts[kind] == 1 else 'are'} {word}" for kind, word in words.items() if counts[kind]
    ]
    return f"of {counted(len(items), 'pair')} {listed(parts)}"
