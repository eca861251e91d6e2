"""Text from outside that a form could take for something else by where it stands, by its length or its letters."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import typst
from markdown_it import MarkdownIt
from PIL import Image

from lossbench.figures import Figure
from lossbench.report.document import Block, Paragraph, Picture, Run, Table, Title, runs
from lossbench.report.latex import escaped as latex
from lossbench.report.latex import latex_tables
from lossbench.report.markdown import markdown
from lossbench.report.pdf import pdf, write_source
from lossbench.text import isolate

LONG = "x" * 200


def test_runs_are_names_and_what_stands_around_them() -> None:
    assert runs(f"a {isolate('b')}c") == (Run("a ", False), Run("b", True), Run("c", False))
    assert runs("left \u202eright") == (Run("left \\u202eright", False),)


@pytest.mark.parametrize("text", ["- a", "+ a", "1. a", "12) a", "---", "- - -", "-", "* a", "# a", "> a", "1."])
def test_markdown_that_starts_like_a_list_or_a_rule_is_a_paragraph(text: str) -> None:
    for block in (Title(text, "q", "a"), Paragraph(text)):
        tokens = MarkdownIt().parse(markdown([block]))
        assert {token.type for token in tokens if token.level == 0} <= {
            "paragraph_open", "inline", "paragraph_close", "heading_open", "heading_close",
        }  # fmt: skip
        shown = ["".join(child.content for child in token.children or ()) for token in tokens if token.type == "inline"]
        assert text in shown


def test_markdown_leaves_numbers_alone() -> None:
    assert markdown([Paragraph("-0.5 and 1.5")]) == "-0.5 and 1.5\n"
    assert markdown([Paragraph("0.562 ± 0.042")]) == "0.562 ± 0.042\n"


@pytest.mark.parametrize("name", ["[2pt]", "*", "[x] y", "*star"])
def test_a_latex_row_gives_no_argument_to_the_end_of_the_row_above(name: str) -> None:
    rows = ((isolate(name), "1"), (isolate(name), "2"))
    (text,) = latex_tables([Table("t", "c", (name, "b"), rows)]).values()
    assert re.search(r"(\\\\|rule)\s*[\[*]", text) is None
    assert text.count("{}" + name) == 3


def test_latex_keeps_hyphens_and_quotes_with_any_fonts() -> None:
    assert latex('a--b---c "d" 1-2 3–4') == r"a-{}-b-{}-{}-c {\char34}d{\char34} 1-2 3--4"


def drawn(blocks: Sequence[Block], svgs: Mapping[int, str] | None = None) -> list[np.ndarray]:
    """The pages of the PDF as pictures in grey."""
    with tempfile.TemporaryDirectory() as folder:
        source = write_source(blocks, svgs or {}, Path(folder))
        made: Any = typst.compile(str(source), root=folder, ignore_system_fonts=True, format="png", ppi=40)
    pages = made if isinstance(made, list) else [made]  # one page comes by itself
    return [np.asarray(Image.open(BytesIO(page)).convert("L")) for page in pages]


def test_a_long_name_stays_on_the_pdfs_page() -> None:
    name = isolate(LONG)
    rows = ((name, name, "0.1"), ("a", "b", "0.2"))
    blocks: list[Block] = [
        Title(LONG, LONG, f"It is {name}."),
        Paragraph(f"{name} {LONG}"),
        Table("t", "c", ("First", "Second", isolate(LONG)), rows, frozenset({2})),
    ]
    for page in drawn(blocks):
        assert np.flatnonzero((page < 200).any(axis=0)).max() < 0.91 * page.shape[1]  # the margin begins at 0.895


def test_a_pdf_of_letters_that_its_fonts_lack_uses_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def compiled(*args: object, ignore_system_fonts: bool, **rest: object) -> bytes:
        asked.append(ignore_system_fonts)
        return b""

    monkeypatch.setattr(typst, "compile", compiled)
    for name in ("é ß Ω я א", "中文", "日本語", "한국어", "عربي"):
        pdf([Title("s", "q", isolate(name))], {})
    assert asked == [True, False, False, False, False]


def test_a_digest_in_a_pdf_is_whole() -> None:
    digest = "0123456789abcdef" * 4
    with tempfile.TemporaryDirectory() as folder:
        write_source([Table("t", "c", ("What", "Found"), (("commit", digest),))], {}, Path(folder))
        assert digest in (Path(folder) / "report.json").read_text(encoding="utf-8")


def test_a_tall_picture_fits_a_page() -> None:
    box = 'width="300" height="4000"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 4000" {box}><rect {box}/></svg>'
    figure = Figure(1, "tall", "Title", "Caption", "alt", None, pl.DataFrame(), {})
    page = drawn([Title("s", "q", "a"), Picture(figure)], {1: svg})[-1]
    black = np.flatnonzero((page < 40).sum(axis=1) > 5)
    assert 0.5 < np.ptp(black) / page.shape[0] < 0.75  # the text has 0.85 of the page, captions included
