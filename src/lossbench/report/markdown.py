"""The report as Markdown, in the form that code hosts show: `report.md`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from lossbench.errors import visible
from lossbench.report.document import (
    Block,
    Bullets,
    Code,
    Formula,
    Heading,
    Paragraph,
    Picture,
    Table,
    Terms,
    Title,
    runs,
)
from lossbench.report.forms import FILES
from lossbench.text import plain

__all__ = ["escaped", "markdown"]

_SPACE = re.compile(r"\s+")
_BULLET = re.compile(r"[-+](?=\s|$)|-(?=[-\s]+$)")
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s|$)")


def markdown(blocks: Sequence[Block]) -> str:
    """The whole file; figures are the SVGs in the folder beside it."""
    return "\n\n".join(_WRITE[type(block)](block) for block in blocks) + "\n"


def escaped(text: str, cell: bool = False) -> str:
    """Text that comes out as it is: names as code, the rest with every sign escaped that could be markup.

    Args:
        text: may hold names between isolates.
        cell: whether it stands in a table, where a bar ends a cell even inside code.
    """
    found = runs(_SPACE.sub(" ", text).strip())
    text = "".join(_code(run.text, cell) if run.name else _plain(run.text) for run in found)
    return _NUMBER.sub(r"\1\\\2", text, count=1) if _NUMBER.match(text) else _unlisted(text)


def _unlisted(text: str) -> str:
    """A hyphen or plus in front of a line would make it an item of a list, or a rule."""
    return f"\\{text}" if _BULLET.match(text) else text


def _plain(text: str) -> str:
    """Prose: only the signs that mean something in it are escaped, so that the source stays legible."""
    return re.sub(r"([\\`*_\[\]<>|~$#&])", r"\\\1", text)


def _code(text: str, cell: bool = False) -> str:
    """A code span, in more backticks than the text has in a row."""
    text = (text.replace("|", r"\|") if cell else text) or " "
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    room = " " if text.startswith("`") or text.endswith("`") or text.strip() == "" else ""
    return f"{ticks}{room}{text}{room}{ticks}"


def _title(block: Title) -> str:
    return f"# {escaped(block.question)}\n\n{escaped(block.study)}\n\n**Answer.** {escaped(block.answer)}"


def _heading(block: Heading) -> str:
    return f"{'#' * (block.level + 1)} {escaped(block.text)}"


def _paragraph(block: Paragraph) -> str:
    return (f"**{escaped(block.lead)}** " if block.lead else "") + escaped(block.text)


def _bullets(block: Bullets) -> str:
    return "\n".join(f"- {escaped(item)}" for item in block.items)


def _terms(block: Terms) -> str:
    return "\n".join(f"- **{escaped(term)}.** {escaped(text)}" for term, text in block.items)


def _table(block: Table) -> str:
    rule = ["---:" if place in block.numbers else "---" for place in range(len(block.heads))]
    lines = [_row(block.heads), f"| {' | '.join(rule)} |"]
    for place, row in enumerate(block.rows):
        cells = [escaped(cell, cell=True) for cell in row]
        cells[0] = f"[{cells[0]}]({link})" if (link := block.link(place, FILES["md"])) else cells[0]
        lines.append(f"| {' | '.join(f'**{cell}**' if place in block.bold and cell else cell for cell in cells)} |")
    return f"*{escaped(block.caption)}*\n\n" + "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escaped(cell, cell=True) for cell in cells)} |"


def _picture(block: Picture) -> str:
    figure = block.figure
    alt = escaped(plain(figure.alt))
    caption = f"{escaped(figure.title)}. {escaped(figure.caption)}"
    return f"![{alt}](figures/{figure.stem}.svg)\n\n**Figure {figure.number}.** {caption}"


def _formula(block: Formula) -> str:
    tex = visible(_SPACE.sub(" ", block.tex).strip())
    return f"```math\n{tex}\n```" if "```" not in tex else _code(tex)


def _typed(block: Code) -> str:
    return f"```sh\n{block.text}\n```"


_WRITE: dict[type, Callable[[Any], str]] = {
    Title: _title,
    Heading: _heading,
    Paragraph: _paragraph,
    Bullets: _bullets,
    Terms: _terms,
    Table: _table,
    Picture: _picture,
    Formula: _formula,
    Code: _typed,
}
