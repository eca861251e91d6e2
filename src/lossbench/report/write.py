"""Everything about a study, or one condition of it, in one folder, each file complete or not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lossbench.analysis.types import Analysis
from lossbench.figures import Figure, draw, render_pdf, render_png, render_svg, specification_text
from lossbench.files import write_atomically, writing
from lossbench.report.blocks import blocks
from lossbench.report.document import Block
from lossbench.report.forms import FILES, FORMS, can_write_pdf, check_forms
from lossbench.report.latex import latex_tables
from lossbench.report.markdown import markdown
from lossbench.report.ours import record, written_before
from lossbench.report.page import page
from lossbench.report.spoken import words_of
from lossbench.report.tables import frames, parquet, verdicts
from lossbench.results import Results
from lossbench.results.spreadsheet import csv_bytes

__all__ = ["Contents", "write_contents", "write_report"]


@dataclass(frozen=True, eq=False)
class Contents:
    """What a report's folder will hold.

    Args:
        figures: as they are numbered.
        blocks: makes the report for Markdown, PDF and LaTeX.
        page: makes the page from the figures' SVGs by number.
        tables: beside it, by name; that of verdicts stands as JSON, and not as CSV.
        verdicts: that JSON.
        spoken: puts a text into the words of the data, as `words_of` does.
    """

    figures: tuple[Figure, ...]
    blocks: Callable[[], tuple[Block, ...]]
    page: Callable[[Mapping[int, str]], str]
    tables: Mapping[str, pl.DataFrame]
    verdicts: str
    spoken: Callable[[str], str]


def write_report(
    results: Results,
    analysis: Analysis,
    folder: Path,
    *,
    forms: tuple[str, ...] = ("html",),
    pictures: bool = True,
) -> Path:
    """Writes figures, tables and the report of one condition, as `write_contents` does.

    Args:
        results: the study's table.
        analysis: what was concluded from it.
        folder: is made where it does not exist; figures of an earlier report are replaced or removed.
        forms: html, md, pdf, tex.
        pictures: whether the report shows sample pictures of the data.

    Returns:
        the path of the first form.

    Raises:
        RequestError: a form cannot be written here.
        SaveDirError: the folder cannot be written.
    """
    check_forms(forms)
    figures = draw(results, analysis)
    contents = Contents(
        figures=figures,
        blocks=lambda: blocks(results, analysis, figures),
        page=lambda svgs: page(results, analysis, figures, svgs, pictures=pictures),
        tables=frames(results, analysis),
        verdicts=verdicts(analysis),
        spoken=words_of(results),
    )
    return write_contents(contents, folder, forms)


def write_contents(contents: Contents, folder: Path, forms: tuple[str, ...]) -> Path:
    """Writes figures, tables and the report; the report comes last, so that it is never ahead of its files.

    Forms that an earlier report left in the folder are written anew, too, so that no two of them disagree. Files that
    no report wrote are left alone, whatever they are called, unless they are asked for now.

    Args:
        contents: what.
        folder: where; is made where it does not exist.
        forms: which can be written here.

    Returns:
        the path of the first form.

    Raises:
        SaveDirError: the folder cannot be written.
    """
    svgs = {figure.number: contents.spoken(render_svg(figure)) for figure in contents.figures}
    with writing("save dir", folder):
        before = written_before(folder)
        wanted = [form for form in FORMS if form in forms or _among(before, form)]
        files, tables = _written(contents, svgs, wanted)
        beside = [f"{name}.{ending}" for name in contents.tables for ending in ("csv", "parquet")]
        now = {*_figure_names(contents.figures), *files, *(f"{FILES['tex']}/{name}.tex" for name in tables), *beside}
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        record(folder, before | now)  # first, so that what is left by an interrupted report is known, too
        _write_figures(contents.figures, svgs, folder)
        for name, table in contents.tables.items():
            if name != "verdicts":
                write_atomically(folder / f"{name}.csv", csv_bytes(table))
            write_atomically(folder / f"{name}.parquet", parquet(table))
        write_atomically(folder / "verdicts.json", contents.verdicts)
        _write_tables(tables, folder / FILES["tex"])
        for name in before - now:
            (folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            write_atomically(folder / name, content)
        record(folder, now)
    return folder / FILES[next(form for form in FORMS if form in forms)]


def _among(names: Iterable[str], form: str) -> bool:
    """Whether files of a form are among what an earlier report wrote."""
    return any(name.partition("/")[0] == FILES[form] for name in names)


def _written(
    contents: Contents, svgs: Mapping[int, str], forms: list[str]
) -> tuple[dict[str, str | bytes], dict[str, str]]:
    """The files of some forms by name, the page last, and the LaTeX tables."""
    files: dict[str, str | bytes] = {}
    tables: dict[str, str] = {}
    if forms != ["html"]:
        whole = contents.blocks()
        if "md" in forms:
            files[FILES["md"]] = contents.spoken(markdown(whole))
        if "pdf" in forms and can_write_pdf():
            from lossbench.report.pdf import pdf  # its engine comes with an extra

            files[FILES["pdf"]] = pdf(whole, svgs, contents.spoken)
        if "tex" in forms:
            tables = {name: contents.spoken(table) for name, table in latex_tables(whole).items()}
    if "html" in forms:
        files[FILES["html"]] = contents.spoken(contents.page(svgs))
    return files, tables


def _figure_names(figures: tuple[Figure, ...]) -> list[str]:
    return [f"figures/{figure.stem}.{ending}" for figure in figures for ending in ("svg", "png", "pdf", "vl.json")]


def _write_figures(figures: tuple[Figure, ...], svgs: Mapping[int, str], folder: Path) -> None:
    names = iter(_figure_names(figures))
    for figure in figures:
        svg = svgs[figure.number]
        for content in (svg, render_png(svg), render_pdf(svg), specification_text(figure)):
            write_atomically(folder / next(names), content)


def _write_tables(tables: Mapping[str, str], folder: Path) -> None:
    if tables:
        folder.mkdir(exist_ok=True)
    for name, content in tables.items():
        write_atomically(folder / f"{name}.tex", content)
