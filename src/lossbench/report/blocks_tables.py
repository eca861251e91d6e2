"""The report's tables as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from lossbench.analysis.types import Analysis
from lossbench.report import cells, notes
from lossbench.report.beside import ClassTable, Pair
from lossbench.report.compared import Compared
from lossbench.report.document import Table
from lossbench.report.key_figures import KeyFigures
from lossbench.text import capital, isolate

__all__ = ["class_tables", "comparison_table", "cost_block", "hypotheses_table", "key_table", "two_columns"]


def key_table(keys: KeyFigures) -> Table:
    """Every loss with its ranks, its numbers and its trials, best first."""
    best = ("Best set",) if keys.has_best else ()
    ranks = ("Ranks",) if keys.has_ranks else ()
    heads = ("Rank", *ranks, "Loss", *best, *map(capital, keys.heads), "Seeds")
    rows = tuple(
        (
            str(row.rank or "–"),
            *((row.ranks or "–",) if ranks else ()),
            isolate(row.loss),
            *(("✓" if row.best else "–",) if best else ()),
            *map(cells.mean_and_half, row.cells),
            row.trials,
        )
        for row in keys.rows
    )
    first = len(ranks) + len(best) + 2
    numbers = frozenset({0, *range(first, first + len(keys.heads))})
    bold = frozenset(place for place, row in enumerate(keys.rows) if row.loss in keys.bold)
    return Table("key-figures", notes.KEY_CAPTION, heads, rows, numbers, bold)


def hypotheses_table(analysis: Analysis) -> Table:
    """What became of each hypothesis."""
    rows = tuple((isolate(item.hypothesis), item.outcome, item.evidence) for item in analysis.findings)
    return Table("hypotheses", "What became of each hypothesis", ("Hypothesis", "Outcome", "Evidence"), rows)


def comparison_table(name: str, table: Compared) -> Table:
    """Pairwise comparisons in one metric."""
    new = ("For new pictures",) if table.new_pictures else ()
    decide = ("Seeds to decide",) if table.to_decide else ()
    heads = (
        "First",
        "Second",
        "Difference",
        "95 % interval",
        *new,
        "p, adjusted",
        "p, equivalence",
        "Seeds",
        *decide,
        "Verdict",
    )
    rows = tuple(
        (
            isolate(row.item.a),
            isolate(row.item.b),
            cells.difference(row.item.difference),
            cells.reach((row.item.low, row.item.high)),
            *((cells.reach((row.item.low_new, row.item.high_new)),) if new else ()),
            cells.p(row.item.p_adjusted),
            cells.p(row.item.p_equivalence),
            str(row.item.seeds),
            *((row.to_decide or "–",) if decide else ()),
            row.words + (f" ({row.remark})" if row.remark else ""),
        )
        for row in table.rows
    )
    numbers = frozenset(range(2, len(heads) - 1))
    return Table(name, f"Pairwise comparisons in {table.metric}", heads, rows, numbers)


def two_columns(name: str, caption: str, heads: tuple[str, str, str], pairs: Sequence[Pair]) -> Table:
    """A number of every loss, and another one beside it."""
    rows = tuple(
        (isolate(pair.loss), cells.mean_and_half(pair.last), cells.mean_and_half(pair.other), pair.by) for pair in pairs
    )
    return Table(name, caption, ("Loss", *heads), rows, numbers=frozenset({1, 2, 3}))


def class_tables(tables: Sequence[ClassTable]) -> Iterator[Table]:
    """Recall, precision and F1 of every class."""
    for table in tables:
        rows = tuple((isolate(loss), *map(cells.mean, means)) for loss, means in table.rows)
        heads = ("Loss", *map(isolate, table.classes))
        caption = f"Test {table.metric} of every class at the last epoch: means over seeds"
        yield Table(f"classes-{table.metric.lower()}", caption, heads, rows, frozenset(range(1, len(heads))))


def cost_block(table: pl.DataFrame) -> Table:
    """What one trial of each loss costs."""
    rows = tuple(
        (
            isolate(row["loss_function"]),
            str(row["trials"]),
            cells.size(row["seconds"]),
            f"{cells.size(row['least'])} to {cells.size(row['greatest'])}",
            cells.size(row["pictures_per_second"]),
        )
        for row in table.iter_rows(named=True)
    )
    heads = ("Loss", "Trials", "Seconds, mean", "Least to greatest", "Pictures trained per second")
    return Table("cost", "Cost of one trial, evaluation included", heads, rows, frozenset({1, 2, 3, 4}))
