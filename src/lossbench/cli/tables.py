"""The one look of all tables."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

__all__ = ["empty_table"]


def empty_table(*columns: str) -> Table:
    """A table without rows and lines, its columns' names in bold."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(escape(column))
    return table
