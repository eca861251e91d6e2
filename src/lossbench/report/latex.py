"""The report's tables for LaTeX, with the rules of booktabs: one file each, to be read into a document."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lossbench.report.document import Block, Table
from lossbench.text import plain

__all__ = ["escaped", "latex_tables"]

_LONG = 30  # rows from which a table may break over pages
_WIDE = 46  # letters from which a column is a paragraph
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",  # \textquotedbl is unknown to the fonts that LaTeX starts with
    "-": "-{}",  # of which one follows another, which would print as a dash
    "`": r"\textasciigrave{}",
    "\u2212": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "✓": r"$\checkmark$",
    "–": "--",
    "’": "'",
    "“": "``",
    "”": "''",
}
_SIGNS = re.compile("-(?=-)|" + "|".join(re.escape(sign) for sign in _SPECIAL if sign != "-"))
_UNSEEN = re.compile("[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def latex_tables(blocks: Sequence[Block]) -> dict[str, str]:
    """Every table of the report by its name.

    They need the packages booktabs and amssymb; those of more than thirty rows longtable, too.
    """
    return {block.name: _table(block) for block in blocks if isinstance(block, Table)}


def escaped(text: str) -> str:
    """Text as LaTeX prints it; marks that nobody sees are left out."""
    return _SIGNS.sub(lambda match: _SPECIAL[match[0]], _UNSEEN.sub("", " ".join(plain(text).split())))


def _table(block: Table) -> str:
    columns = "".join(_column(block, place) for place in range(len(block.heads)))
    caption = rf"\caption{{{escaped(block.caption)}}}\label{{tab:{block.name}}}"
    head = _row(block.heads)
    rows = [_row(row, bold=place in block.bold) for place, row in enumerate(block.rows)]
    needs = f"% needs \\usepackage{{booktabs, amssymb{', longtable' if len(rows) > _LONG else ''}}}\n"
    if len(rows) > _LONG:
        lines = [
            rf"\begin{{longtable}}{{{columns}}}",
            rf"{caption} \\",
            r"\toprule",
            head,
            r"\midrule\endhead",
            r"\bottomrule\endfoot",
            *rows,
            r"\end{longtable}",
        ]
        return needs + "\n".join(lines) + "\n"
    lines = [
        r"\begin{table}",
        r"\centering",
        caption,
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return needs + "\n".join(lines) + "\n"


def _column(block: Table, place: int) -> str:
    if place in block.numbers:
        return "r"
    longest = max((len(plain(row[place])) for row in block.rows), default=0)
    return "p{0.4\\linewidth}" if longest > _WIDE else "l"


def _row(cells: Sequence[str], bold: bool = False) -> str:
    texts = [escaped(cell) for cell in cells]
    row = " & ".join(rf"\textbf{{{text}}}" if bold and text else text for text in texts)
    guard = "{}" if row.startswith(("[", "*")) else ""  # the end of the row above would take it for an argument
    return guard + row + r" \\"
