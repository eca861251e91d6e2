"""The report as a PDF, `report.pdf`, set by Typst from a template that reads the blocks as data.

No text from outside is ever Typst's markup: the template is fixed, and everything else reaches it as JSON.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst
from ziamath.zmath import Latex

from lossbench.figures import Figure
from lossbench.figures.style import PAPER
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
from lossbench.text import isolate, plain, shortened

__all__ = ["pdf", "write_source"]

_LONG = 20  # letters from which a column of a table may be broken into lines
_WORD = re.compile(r"\S{21,}")  # what may be broken inside, for it may be wider than its place
_IN_CELL, _IN_TEXT, _IN_TITLE = 12, 64, 24  # letters after which such a word may be broken
_FOOTER = 60  # letters of the study's name that the foot of a page has room for
_BREAK = "\u200b"
_ELSEWHERE = re.compile("[\u0600-\u1dff\u2e80-\ud7ff\uf900-\ufdff\ufe30-\uffef\U00010000-\U0010ffff]")
_LATEX_SIZE = 22  # of a formula, in the units of its SVG


def pdf(blocks: Sequence[Block], svgs: Mapping[int, str], spoken: Callable[[str], str] = str) -> bytes:
    """The file; the same for the same blocks and figures.

    Its fonts are those that Typst carries. Only where there are letters that these lack, Chinese ones among them, the
    machine's are used, too.

    Args:
        blocks: the report.
        svgs: the figures' stand-alone SVGs by number.
        spoken: puts a text into the words of the data.
    """
    with tempfile.TemporaryDirectory() as name:
        source = write_source(blocks, svgs, Path(name), spoken)
        carried = _ELSEWHERE.search((Path(name) / "report.json").read_text(encoding="utf-8")) is None
        made: bytes = typst.compile(str(source), root=name, ignore_system_fonts=carried, timestamp=0)
    return made


def write_source(
    blocks: Sequence[Block], svgs: Mapping[int, str], folder: Path, spoken: Callable[[str], str] = str
) -> Path:
    """Writes what Typst compiles into a folder; gives the path of the template."""
    writer = _Writer(folder, svgs)
    content = json.dumps([_said(writer.written(block), spoken) for block in blocks], ensure_ascii=False)
    (folder / "report.json").write_text(content, encoding="utf-8")
    template = (files("lossbench.report") / "templates" / "report.typ").read_text(encoding="utf-8")
    source = folder / "report.typ"
    source.write_text(template, encoding="utf-8")
    return source


def _said(value: Any, spoken: Callable[[str], str]) -> Any:
    """Data of the template with its texts put into other words; what it goes by stays."""
    if isinstance(value, dict):
        return {key: item if key in ("kind", "file", "label") else _said(item, spoken) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_said(item, spoken) for item in value]
    return spoken(value) if isinstance(value, str) else value


class _Writer:
    """Blocks as the template's data; pictures become files beside it."""

    def __init__(self, folder: Path, svgs: Mapping[int, str]) -> None:
        self.folder, self.svgs, self.formulas = folder, svgs, 0

    def written(self, block: Block) -> dict[str, Any]:
        """One block."""
        match block:
            case Title():
                return {
                    "kind": "title",
                    "study": _shown(block.study, _IN_TEXT),
                    "foot": shortened(_shown(block.study, _FOOTER), _FOOTER),
                    "title": block.question,
                    "question": _shown(block.question, _IN_TITLE),
                    "answer": _runs(block.answer),
                }
            case Heading():
                return {"kind": "heading", "level": block.level, "text": _runs(block.text, _IN_TITLE)}
            case Paragraph():
                return {"kind": "paragraph", "lead": block.lead, "text": _runs(block.text), "note": block.note}
            case Bullets():
                return {"kind": "bullets", "items": [_runs(item) for item in block.items]}
            case Terms():
                return {"kind": "terms", "items": [[_runs(term), _runs(text)] for term, text in block.items]}
            case Table():
                return _table(block)
            case Picture():
                return self._picture(block.figure)
            case Formula():
                return self._formula(block.tex)
            case Code():
                return {"kind": "code", "text": block.text}

    def _picture(self, figure: Figure) -> dict[str, Any]:
        name = f"{figure.number}.svg"
        svg = self.svgs[figure.number].replace(PAPER, "#ffffff")
        (self.folder / name).write_text(svg, encoding="utf-8")
        text = _runs(f"{figure.title}. {figure.caption}")
        label = f"Figure {figure.number}."
        return {"kind": "picture", "file": name, "alt": plain(figure.alt), "label": label, "text": text}

    def _formula(self, tex: str) -> dict[str, Any]:
        try:
            drawn = Latex(tex, size=_LATEX_SIZE).svg()
        except Exception:  # it raises errors of many kinds for TeX that it does not know; the source is always legible
            return {"kind": "code", "text": tex}
        self.formulas += 1
        name = f"formula-{self.formulas}.svg"
        (self.folder / name).write_text(drawn, encoding="utf-8")
        return {"kind": "formula", "file": name, "alt": tex}


def _runs(text: str, most: int = _IN_TEXT) -> list[dict[str, str]]:
    """Text and names, one after the other; a long word may be broken after so many letters."""
    return [{"kind": "name" if run.name else "text", "text": _breakable(run.text, most)} for run in runs(text)]


def _shown(text: str, most: int) -> str:
    """The same where all is one run."""
    return _breakable(plain(isolate(text)), most)


def _breakable(text: str, most: int) -> str:
    return _WORD.sub(lambda match: re.sub(f"(.{{{most}}})(?=.)", rf"\1{_BREAK}", match[0]), text)


def _table(block: Table) -> dict[str, Any]:
    longest = [max((len(plain(row[at])) for row in block.rows), default=0) for at in range(len(block.heads))]
    return {
        "kind": "table",
        "caption": _runs(block.caption),
        "heads": [_runs(head, _IN_CELL) for head in block.heads],
        "rows": [
            {"cells": [_cell(cell) for cell in row], "bold": at in block.bold, "link": block.link(at, FILES["pdf"])}
            for at, row in enumerate(block.rows)
        ],
        "numbers": [at in block.numbers for at in range(len(block.heads))],
        "shares": [letters if letters > _LONG else 0 for letters in longest],
    }


def _cell(text: str) -> list[dict[str, str]]:
    """Names have narrow columns; what is no name, such as a digest, is left whole where it can be."""
    return [{**run, "text": _breakable(run["text"], _IN_CELL)} if run["kind"] == "name" else run for run in _runs(text)]
