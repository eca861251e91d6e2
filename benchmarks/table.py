"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.result import CaseResult, Row
from benchmarks.summary import Spread

__all__ = ["NOTE", "case_table", "markdown", "shown"]

NOTE = (
    "Medians over the rounds [least, most]. Columns named after lossbench: how many times as fast it is, by ratios "
    "within a round."
)


def case_table(result: CaseResult) -> str:
    """A case's heading and table."""
    case, rows = result.case, result.rows()
    heading = f"### {case.model}: {case.train:,} training and {result.test:,} test pictures, {case.epochs} epochs"
    products = result.products
    header = ["contender", "precision", "s per trial-epoch", "pictures/s", *products, "of the bound"]
    parts = [heading, markdown(header, [_cells(row, products) for row in rows])]
    idle = [row.name for row in rows if not row.all_busy]
    if idle:
        parts.append(f"Too short for all processes to be busy at once, so not to be believed: {', '.join(idle)}.")
    return "\n\n".join(parts)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns stand under each other."""
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]
    rule = ["-" * width for width in widths]
    lines = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in [header, rule, *rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(value: Spread | None, form: str) -> str:
    """`median [least, most]`; empty where nothing was measured."""
    return f"{value.median:{form}} [{value.least:{form}}, {value.most:{form}}]" if value else ""


def _cells(row: Row, products: Sequence[str]) -> list[str]:
    return [
        row.name,
        row.precision,
        shown(row.seconds, ".3g") or row.trouble,
        f"{row.pictures:,.0f}" if row.pictures else "",
        *(shown(row.times.get(product), ".2f") for product in products),
        shown(row.share, ".0%"),
    ]
