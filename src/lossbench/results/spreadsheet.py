"""Tables as CSV that a spreadsheet can open without computing what somebody called a loss or a class.

A cell of text that starts as formulas do gets an apostrophe in front. So does such a start after a semicolon, a tab or
the end of a line inside a cell, for a spreadsheet may divide cells there. Numbers are never touched.
"""

from __future__ import annotations

import re

import polars as pl

__all__ = ["csv_bytes", "unguarded"]

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # the last four are wide ones, which count in Japanese settings
_AT_START = f" *[{_SIGNS}]|[\t\r\n]"
_SEPARATOR, _SIGN = '[;\t\r\n][ "]*', f"[{_SIGNS}]"


def csv_bytes(table: pl.DataFrame, *, header: bool = True) -> bytes:
    """A table as CSV in UTF-8, every digit kept.

    Args:
        table: what is written.
        header: whether the columns' names stand in the first line.
    """
    text = pl.col(pl.String).str.replace_all(f"({_SEPARATOR})('*{_SIGN})", "$1'$2")
    return (
        table.with_columns(text.str.replace(f"^('*(?:{_AT_START}))", "'$1")).write_csv(include_header=header).encode()
    )


def unguarded(cell: str) -> str:
    """A cell of such a file as it was."""
    bare = re.sub(f"^'('*(?:{_AT_START}))", r"\1", cell)
    return re.sub(f"({_SEPARATOR})'('*{_SIGN})", r"\1\2", bare)
