"""Our numbers beside published ones, as blocks: of one condition, or of all that a study has in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.analysis.published_types import Against, BesidePublished
from lossbench.analysis.types import Analysis
from lossbench.analysis.within import Within
from lossbench.report import sentences_published as say
from lossbench.report.document import Block, Bullets, Heading, Paragraph, Table
from lossbench.report.lookup import metric_title
from lossbench.text import fixed, isolate, listed

__all__ = ["TITLE", "published_blocks", "published_section"]

TITLE = "Beside published numbers"

_Told = Sequence[tuple[str, BesidePublished]]  # a condition in words, empty where it is alone, and what is beside it

_JUDGED: Mapping[bool | None, str] = {True: "within", False: "outside", None: "cannot be said"}
_BASIS: Mapping[str, str] = {"theirs": ", by their spread", "ours": ", by our spread"}


def published_section(analysis: Analysis) -> Iterator[Block]:
    """The section of one condition's report; nothing where its study names no table."""
    if analysis.published is not None:
        yield from _blocks([("", analysis.published)])


def published_blocks(study: Mapping[str, Any], within: Sequence[Within]) -> Iterator[Block]:
    """The section of the report above several conditions: one table over all of them.

    Args:
        study: as plain values.
        within: its conditions, each analysed.
    """
    if study.get("published") is None:
        return
    conditions = [item.condition for item in within]
    told = [(item.condition.told(conditions), item.analysis.published) for item in within]
    yield from _blocks([(words, beside) for words, beside in told if beside is not None])


def _blocks(told: _Told) -> Iterator[Block]:
    if not told:
        return
    rows = [row for _, item in told for row in item.rows]
    first = told[0][1]
    yield Heading(1, TITLE)
    yield Paragraph(say.source(first))
    if first.table.rows:
        yield Paragraph(" ".join((say.agreement(rows), *_orders(told))))
        yield from (Paragraph(sentence) for sentence in _settings(told))
    if rows:
        yield _table(told)
    notes = (*first.table.notes, *say.basis_notes(rows), *say.loss_notes(rows))
    if notes:
        yield Bullets(notes)


def _orders(told: _Told) -> Iterator[str]:
    return (say.ordering(order, isolate(words) if words else "") for words, item in told for order in item.orderings)


def _settings(told: _Told) -> Iterator[str]:
    """One sentence for all conditions that differ in the same."""
    alike: dict[tuple[object, ...], list[tuple[str, BesidePublished]]] = {}
    for words, item in told:
        if item.rows:
            alike.setdefault(item.differs, []).append((words, item))
    for group in alike.values():
        words = "" if len(alike) == 1 else listed(isolate(words) for words, _ in group)
        yield say.setting(group[0][1], words)


def _table(told: _Told) -> Table:
    """Every number; a column for the condition where there are several, for the metric likewise."""
    several = len(told) > 1
    metrics = dict.fromkeys(row.reported.metric for _, item in told for row in item.rows)
    in_metrics = len(metrics) > 1
    heads = (
        *(("Condition",) if several else ()),
        "Loss",
        *(("Metric",) if in_metrics else ()),
        "Published",
        "Here",
        "Difference",
        "95 % interval",
        "Joint uncertainty",
    )
    rows = tuple(
        (*((isolate(words),) if several else ()), *_cells(row, in_metrics)) for words, item in told for row in item.rows
    )
    numbers = frozenset(range(len(heads) - 5, len(heads) - 1))
    return Table("published", _caption(list(metrics), told), heads, rows, numbers)


def _caption(metrics: list[str], told: _Told) -> str:
    what = metric_title(metrics[0]) if len(metrics) == 1 else "metrics"
    same = all(not item.differs for _, item in told)
    setting = "" if same else ", not of the same setting"
    return f"Published {what} and ours{setting}: mean ± standard deviation (runs, or seeds)"


def _cells(row: Against, in_metrics: bool) -> tuple[str, ...]:
    theirs = row.reported
    interval = "–" if row.low is None or row.high is None else f"{_four(row.low)} to {_four(row.high)}"
    return (
        isolate(row.loss),
        *((metric_title(theirs.metric),) if in_metrics else ()),
        _spread(theirs.mean, theirs.sd, theirs.runs),
        _spread(row.mean, row.sd, row.seeds),
        "–" if row.difference is None else _signed(row.difference),
        interval,
        _JUDGED[row.within] + _BASIS.get(row.basis, ""),
    )


def _spread(mean: float | None, sd: float | None, count: int | None) -> str:
    """`0.9050 ± 0.0035 (3)`, as far as it is known."""
    if mean is None:
        return "–"
    spread = "" if sd is None else f" ± {_four(sd)}"
    return f"{_four(mean)}{spread}" + ("" if count is None else f" ({count})")


def _four(value: float) -> str:
    """Four decimals: what tables of accuracies in percent with two decimals have."""
    return f"{value:.4f}".replace("-", "−") if abs(value) < 1000 else fixed(value)


def _signed(value: float) -> str:
    return _four(value) if value < 0 else f"+{_four(value)}"
