"""What is said of our numbers beside published ones: how many agree, what differs, whether the order is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lossbench.analysis.published_types import Against, BesidePublished, Ordering
from lossbench.report.lookup import metric_title
from lossbench.report.sentences_comparison import NAMES_UP_TO
from lossbench.text import capital, counted, fixed, isolate, listed, oxford

__all__ = ["agreement", "basis_notes", "loss_notes", "ordering", "setting", "source"]


def agreement(rows: Sequence[Against]) -> str:
    """How many of the numbers lie within the joint uncertainty, which do not, and of how many it cannot be said."""
    if not rows:
        return "The table has no number for these losses in this scenario."
    inside = sum(row.within is True for row in rows)
    outside = [row for row in rows if row.within is False]
    unsaid = len(rows) - inside - len(outside)
    if unsaid == len(rows):
        return f"Of {counted(unsaid, 'published number')} it cannot be said whether ours agree: no spread is known."
    parts = [
        f"{_lie(inside)} within the joint uncertainty of the difference",
        f"{_lie(len(outside))} outside{_named(outside)}" if outside else "",
        f"of {unsaid} it cannot be said" if unsaid else "",
    ]
    chance = "Were nothing different, one in twenty would lie outside all the same."
    return f"Of {counted(len(rows), 'published number')}, {listed(part for part in parts if part)}. {chance}"


def setting(item: BesidePublished, told: str = "") -> str:
    """In what the setting differs from the published one; nothing where there is none to differ from.

    Args:
        item: of one condition.
        told: the condition, where it has to be told from others.
    """
    if item.table.setting is None or not item.rows:
        return ""
    where = f"In {told} this" if told else "This"
    if not item.differs:
        return f"{where} is the published setting, as far as the source names it and apart from what is noted below."
    return (
        f"{where} is not the published setting: {'; '.join(map(str, item.differs))}. A difference between the numbers "
        "is then no failed repetition, and agreement no successful one."
    )


def ordering(item: Ordering, told: str = "") -> str:
    """Whether the losses are ordered as in the table."""
    lead = capital(f"{f'in {told}, ' if told else ''}in {metric_title(item.metric)}")
    if item.tau is None:
        return f"{lead} all losses are alike on one side, so that there is no order to compare."
    tau = f"Kendall's tau {fixed(item.tau)}"
    if not item.otherwise:
        return f"{lead} the {len(item.losses)} losses are ordered as published ({tau})."
    pairs = item.otherwise
    if len(pairs) > NAMES_UP_TO:
        told_pairs = f"{len(pairs)} of {len(item.losses) * (len(item.losses) - 1) // 2} pairs are ordered otherwise"
    else:
        told_pairs = listed(
            f"{isolate(a)} is published as better than {isolate(b)} and came out worse" for a, b in pairs
        )
    return f"{lead} the order of the {len(item.losses)} losses is not the published one ({tau}): {told_pairs}."


def source(item: BesidePublished) -> str:
    """Where the numbers stand, and where they were read instead."""
    table = item.table
    return f"{table.title}. Source: {table.source}." + (f" {table.second_hand}" if table.second_hand else "")


def basis_notes(rows: Sequence[Against]) -> Iterator[str]:
    """How to read intervals that come from the spread of one side alone."""
    bases = {row.basis for row in rows}
    if "theirs" in bases:
        yield "Where one seed finished here, the published standard deviation is taken for ours, too."
    if "ours" in bases:
        yield (
            "Where the source gives no standard deviation or number of runs, its number is taken as exact: whether it "
            "lies in the interval of our mean is all that can be said."
        )


def loss_notes(rows: Sequence[Against]) -> Iterator[str]:
    """What is known to differ between a published loss and ours, and in the recipe of a loss with its own."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.reported.differs:
            found.setdefault(row.reported.differs, []).append(row.loss)
        if row.overrides:
            found.setdefault(f"Trained here with {row.overrides}.", []).append(row.loss)
    for text, losses in found.items():
        yield f"{oxford(dict.fromkeys(losses))}: {text}"


def _lie(count: int) -> str:
    return f"{count or 'none'} {'lie' if count > 1 else 'lies'}"


def _named(outside: Sequence[Against]) -> str:
    if not 0 < len(outside) <= NAMES_UP_TO:
        return ""
    return f" ({listed(_by(row) for row in outside)})"


def _by(row: Against) -> str:
    gap = row.difference or 0.0
    return f"{isolate(row.loss)} is {fixed(abs(gap), 4)} {'higher' if gap > 0 else 'lower'} here"
