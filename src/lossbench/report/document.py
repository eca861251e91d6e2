"""The report as a line of blocks without any markup: what Markdown, PDF, LaTeX and overviews are written from.

Text may hold names between Unicode isolates (see `text.isolate`); everything else is plain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from lossbench.errors import visible
from lossbench.figures import Figure
from lossbench.text import FSI, PDI, isolate, plain

__all__ = [
    "Block",
    "Bullets",
    "Code",
    "Formula",
    "Heading",
    "Paragraph",
    "Picture",
    "Run",
    "Table",
    "Terms",
    "Title",
    "runs",
]


@dataclass(frozen=True)
class Title:
    """What the report is about, and its answer.

    Args:
        study: its name.
        question: what was asked.
        answer: in a few sentences.
    """

    study: str
    question: str
    answer: str


@dataclass(frozen=True)
class Heading:
    """Of a section: level 1, or of a part of one: 2, 3."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text; `lead` is set off in front of it; a note is of lesser weight."""

    text: str
    lead: str = ""
    note: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """Terms with their definitions."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        name: part of a file's name: `key-figures`.
        caption: what it shows.
        heads: one per column.
        rows: of cells, all text.
        numbers: the columns, by place, that hold numbers.
        bold: the rows, by place, that are set off.
        folders: per row the folder, below this report's, of the report that its first cell leads to; empty for none.
    """

    name: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    bold: frozenset[int] = frozenset()
    folders: tuple[str, ...] = ()

    def link(self, row: int, file: str) -> str:
        """Where the first cell of a row leads, as a relative address; empty for nowhere.

        Args:
            row: by place.
            file: what the report is called in its folder, in the form that is being written.
        """
        return quote(f"{self.folders[row]}/{file}") if self.folders else ""


@dataclass(frozen=True)
class Picture:
    """A figure with its number, title and caption."""

    figure: Figure


@dataclass(frozen=True)
class Formula:
    """TeX, without dollar signs."""

    tex: str


@dataclass(frozen=True)
class Code:
    """What is typed."""

    text: str


Block = Title | Heading | Paragraph | Bullets | Terms | Table | Picture | Formula | Code

_NAME = re.compile(f"{FSI}([^{PDI}]*){PDI}")


@dataclass(frozen=True)
class Run:
    """A piece of text: a name, or what stands around names."""

    text: str
    name: bool


def runs(text: str) -> tuple[Run, ...]:
    """Text and names in turn; marks that would turn the text around and control characters are shown by number."""
    parts = _NAME.split(text)
    shown = (visible(plain(isolate(part)), keep="\n\t") for part in parts)
    return tuple(Run(text, place % 2 == 1) for place, text in enumerate(shown) if text)
