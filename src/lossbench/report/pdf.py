"""The report as a PDF, `report.pdf`, set by Typst from a template that reads the blocks as data.

No text from outside is ever Typst's markup: the template is fixed, and everything else reaches it as JSON.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst
from ziamath.zmath import Latex

from lossbench.figures import Figure
from lossbench.figures.style import PAPER
from lossbench.report.document import Block, Bullets, Code, Formula, Heading, Paragraph, Picture, Table, Terms, Title
from lossbench.text import FSI, PDI, plain

__all__ = ["pdf", "write_source"]

_NAME = re.compile(f"{FSI}([^{PDI}]*){PDI}")
_LONG = 20  # letters from which a column of a table may be broken into lines
_LATEX_SIZE = 22  # of a formula, in the units of its SVG


def pdf(blocks: Sequence[Block], svgs: Mapping[int, str]) -> bytes:
    """The file; the same for the same blocks and figures.

    Args:
        blocks: the report.
        svgs: the figures' stand-alone SVGs by number.
    """
    with tempfile.TemporaryDirectory() as name:
        source = write_source(blocks, svgs, Path(name))
        made: bytes = typst.compile(str(source), root=name, ignore_system_fonts=True, timestamp=0)
    return made


def write_source(blocks: Sequence[Block], svgs: Mapping[int, str], folder: Path) -> Path:
    """Writes what Typst compiles into a folder; gives the path of the template."""
    writer = _Writer(folder, svgs)
    content = json.dumps([writer.written(block) for block in blocks], ensure_ascii=False)
    (folder / "report.json").write_text(content, encoding="utf-8")
    template = (files("lossbench.report") / "templates" / "report.typ").read_text(encoding="utf-8")
    source = folder / "report.typ"
    source.write_text(template, encoding="utf-8")
    return source


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
                    "study": block.study,
                    "question": block.question,
                    "answer": _runs(block.answer),
                }
            case Heading():
                return {"kind": "heading", "level": block.level, "text": _runs(block.text)}
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


def _runs(text: str) -> list[dict[str, str]]:
    """Text and names, one after the other."""
    parts = _NAME.split(text)
    kinds = ("name" if place % 2 else "text" for place in range(len(parts)))
    return [{"kind": kind, "text": part} for kind, part in zip(kinds, parts, strict=True) if part]


def _table(block: Table) -> dict[str, Any]:
    longest = [max((len(plain(row[at])) for row in block.rows), default=0) for at in range(len(block.heads))]
    return {
        "kind": "table",
        "caption": _runs(block.caption),
        "heads": [_runs(head) for head in block.heads],
        "rows": [
            {"cells": [_runs(cell) for cell in row], "bold": at in block.bold} for at, row in enumerate(block.rows)
        ],
        "numbers": [at in block.numbers for at in range(len(block.heads))],
        "shares": [letters if letters > _LONG else 0 for letters in longest],
    }
