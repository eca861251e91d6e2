"""The report's other forms: the same sentences and tables, and what people named stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import polars as pl
import pytest

from lossbench.analysis import Analysis, analyse
from lossbench.errors import RequestError
from lossbench.figures import draw
from lossbench.report import forms, frames, parse_forms, write_report
from lossbench.report.blocks import blocks
from lossbench.report.document import Block, Bullets, Code, Formula, Heading, Paragraph, Picture, Table, Terms, Title
from lossbench.report.latex import escaped as latex
from lossbench.report.latex import latex_tables
from lossbench.report.markdown import escaped, markdown
from lossbench.report.pdf import pdf
from lossbench.report.sentences_answer import answer
from lossbench.results import Results
from lossbench.text import plain
from synthetic import DOCUMENT, HOSTILE, study

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 30" width="60" height="30"><path d="M0 0h9"/></svg>'
MARKS = "<script>alert(1)</script> *a* _b_ `c` [d](http://e) | f \\ #g $h$ {i} ~j~ ^k & %l\nm @n =o"


def whole(results: Results) -> tuple[Block, ...]:
    analysis = analyse(results)
    return blocks(results, analysis, draw(results, analysis))


@pytest.fixture(scope="module")
def results() -> Results:
    status = {("l1", 2): ("diverged", 1, "not finite | at step 7")}
    made = study(seeds=3, epochs=3, status=status, validation=5000)
    made.study["plan"]["hypotheses"] = ["test.accuracy: highest cross_entropy", "test.loss: l1 falls"]
    return made


@pytest.fixture(scope="module")
def made(results: Results) -> tuple[Block, ...]:
    return whole(results)


@pytest.fixture(scope="module")
def hostile() -> tuple[Block, ...]:
    labels = (*HOSTILE, MARKS)
    return whole(study(losses=labels, seeds=2, epochs=2, classes=(MARKS, "'\"", "\u05d0\u202e"), name=MARKS))


def tables(of: Sequence[Block]) -> dict[str, Table]:
    return {block.name: block for block in of if isinstance(block, Table)}


def test_the_blocks_are_of_every_kind_and_every_figure_is_there_once(made: tuple[Block, ...], results: Results) -> None:
    kinds = {type(block) for block in made}
    assert kinds == set(get_args(Block)) == {
        Title, Heading, Paragraph, Bullets, Terms, Table, Picture, Formula, Code
    }  # fmt: skip
    drawn = [block.figure.number for block in made if isinstance(block, Picture)]
    assert sorted(drawn) == list(range(1, 20))
    assert list(tables(made)) == list(dict.fromkeys(tables(made)))
    for table in tables(made).values():
        assert {len(row) for row in table.rows} == {len(table.heads)}


def test_the_answer_is_the_pages(made: tuple[Block, ...], results: Results) -> None:
    title = made[0]
    assert isinstance(title, Title)
    assert title.answer == " ".join(answer(analyse(results)))
    assert plain(title.answer) in markdown(made).replace("`", "").replace("\\", "")


def test_markdown_has_every_table_figure_and_heading_in_order(made: tuple[Block, ...]) -> None:
    text = markdown(made)
    heads = re.findall(r"^(#+) (.*)$", text, re.MULTILINE)
    assert [len(marks) for marks, _ in heads].count(1) == 1
    sections = [words for marks, words in heads if len(marks) == 2]
    assert sections == [
        "Hypotheses", "The losses", "Curves side by side", "Where the losses ended", "Comparisons", "Classes",
        "Calibration", "Cost", "What was run", "Definitions",
    ]  # fmt: skip
    assert len(re.findall(r"^!\[.*\]\(figures/\d\d-[a-z0-9.-]+\.svg\)$", text, re.MULTILINE)) == 19
    for lines in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines.splitlines()}) == 1


def test_markdown_of_hostile_names_has_no_markup_of_theirs(hostile: tuple[Block, ...]) -> None:
    text = markdown(hostile)
    outside = re.sub(r"```math.*?```|(`+)(?!`).+?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
    assert re.search(r"(?<!\\)<", outside) is None
    assert re.search(r"(?<!\\)\]\(http", outside) is None
    assert escaped("*a* <b>\n|") == r"\*a\* \<b\> \|"
    assert escaped("\u2068a`b\u2069") == "``a`b``"
    assert escaped("\u2068|\u2069") == "`|`"
    assert escaped("\u2068a|b\u2069", cell=True) == r"`a\|b`"
    for lines in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines.splitlines()}) == 1


def test_latex_tables_are_balanced_and_escaped(made: tuple[Block, ...], hostile: tuple[Block, ...]) -> None:
    for of in (made, hostile):
        for name, text in latex_tables(of).items():
            table = tables(of)[name]
            bare = text.replace(r"\{", "").replace(r"\}", "")
            assert bare.count("{") == bare.count("}")
            assert text.count(r"\begin{") == text.count(r"\end{")
            rows = [line for line in text.splitlines() if line.endswith(r" \\") and r"\caption" not in line]
            assert len(rows) == len(table.rows) + 1
            for row in rows:
                assert len(re.findall(r"(?<!\\)&", row)) == len(table.heads) - 1
                assert re.search(r"(?<!\\)[#%_]", row) is None
                assert len(re.findall(r"(?<!\\)\$", row)) % 2 == 0


def test_latex_prints_every_sign() -> None:
    assert latex("50 % of a_b & c#1 {x} ~ ^ \\") == (
        r"50 \% of a\_b \& c\#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}"
    )
    assert latex("\u2068\u202eabc\u2069 \u22120.5 ± 0.1") == r"abc $-$0.5 $\pm$ 0.1"


def test_a_long_latex_table_may_break() -> None:
    rows = tuple((str(k), "x") for k in range(40))
    (text,) = latex_tables([Table("t", "c", ("a", "b"), rows)]).values()
    assert r"\begin{longtable}{ll}" in text
    assert text.count(r" \\") == 40 + 2


def test_a_pdf_is_made_of_anything_and_is_the_same_twice(made: tuple[Block, ...], hostile: tuple[Block, ...]) -> None:
    svgs = dict.fromkeys(range(1, 40), SVG)
    for of in (made, hostile):
        first = pdf(of, svgs)
        assert first.startswith(b"%PDF-")
        assert pdf(of, svgs) == first
    odd = (*hostile[:1], Formula(r"\frac{1}{"), Formula(r"\undefined{x}"), Code('#read("/etc/passwd")'))
    assert pdf(odd, svgs).startswith(b"%PDF-")


def test_forms_are_read_from_a_list() -> None:
    assert parse_forms("html") == ("html",)
    assert parse_forms("tex, md") == ("md", "tex")
    for wrong in ("", "doc", "html;md", "html,"):
        with pytest.raises(RequestError, match="--format: expected html, md, pdf and tex, separated by commas, got"):
            parse_forms(wrong)


def test_without_its_extra_a_pdf_is_refused_before_anything_is_written(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "can_write_pdf", lambda: False)
    with pytest.raises(RequestError, match=r"pip install 'lossbench\[pdf\]'"):
        write_report(results, analyse(results), tmp_path / "out", forms=("pdf",))
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("blank_figures")
def test_every_form_is_written_and_kept_up_with_the_others(results: Results, tmp_path: Path) -> None:
    analysis: Analysis = analyse(results)
    assert write_report(results, analysis, tmp_path, forms=("md", "tex")) == tmp_path / "report.md"
    assert not (tmp_path / "report.html").exists()
    assert (tmp_path / "tables" / "key-figures.tex").is_file()
    fewer = study(losses=DOCUMENT[:2], seeds=3, epochs=3)
    assert write_report(fewer, analyse(fewer), tmp_path) == tmp_path / "report.html"
    assert "focal(" not in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "focal(" not in (tmp_path / "tables" / "key-figures.tex").read_text(encoding="utf-8")


@pytest.mark.usefixtures("blank_figures")
def test_parquet_holds_what_csv_holds_with_its_types(results: Results, tmp_path: Path) -> None:
    write_report(results, analyse(results), tmp_path)
    for name, frame in frames(results, analyse(results)).items():
        assert pl.read_parquet(tmp_path / f"{name}.parquet").equals(frame)
    assert pl.read_csv(tmp_path / "summary.csv").height == frames(results, analyse(results))["summary"].height


@pytest.mark.usefixtures("blank_figures")
def test_private_pictures_are_left_out(results: Results, tmp_path: Path) -> None:
    write_report(results, analyse(results), tmp_path)
    assert "data:image/png" in (tmp_path / "report.html").read_text(encoding="utf-8").partition("<script")[2]
    write_report(results, analyse(results), tmp_path, pictures=False)
    assert "data:image/png" not in (tmp_path / "report.html").read_text(encoding="utf-8")
