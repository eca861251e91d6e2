"""Pieces of Markdown: escaped text, tables, links to sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["linked", "table", "text"]

_SPECIAL = re.compile(r"[\\*_\[\]|]")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5}|[a-z-]+/\d{7})")
_DOI = re.compile(r"(?:doi:)?\b(10\.\d{4,9}/[^\s,;]+[^\s,;.])")


def text(words: str) -> str:
    """Words that stand for themselves, in a cell of a table, too; what is between backticks is code."""
    parts = words.split("`")
    escaped = [part if at % 2 and at < len(parts) - 1 else _escaped(part) for at, part in enumerate(parts)]
    return "`".join(escaped)


def linked(words: str) -> str:
    """The same, with arXiv numbers and DOIs to click."""
    escaped = text(words)
    escaped = _ARXIV.sub(lambda found: f"[{found[0]}](https://arxiv.org/abs/{found[1]})", escaped)
    return _DOI.sub(lambda found: f"[{found[0]}](https://doi.org/{found[1]})", escaped)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, its cells being Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(words: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", escape(words, quote=False))
