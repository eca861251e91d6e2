"""Everything about a study in one folder, each file complete or not there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lossbench.analysis.types import Analysis
from lossbench.figures import Figure, draw, render_pdf, render_png, render_svg, specification_text
from lossbench.files import write_atomically, writing
from lossbench.report.blocks import blocks
from lossbench.report.forms import FILES, FORMS, can_write_pdf, check_forms
from lossbench.report.latex import latex_tables
from lossbench.report.markdown import markdown
from lossbench.report.page import page
from lossbench.report.tables import csv, frames, parquet, verdicts
from lossbench.results import Results

__all__ = ["write_report"]

_OURS = re.compile(r"\d{2,}-[a-z0-9.-]+\.(?:svg|png|pdf|vl\.json)")


def write_report(
    results: Results,
    analysis: Analysis,
    folder: Path,
    *,
    forms: tuple[str, ...] = ("html",),
    pictures: bool = True,
) -> Path:
    """Writes figures, tables and the report; the report comes last, so that it is never ahead of its files.

    Forms that an earlier report left in the folder are written anew, too, so that no two of them disagree.

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
    svgs = {figure.number: render_svg(figure) for figure in figures}
    with writing("save dir", folder):
        wanted = [form for form in FORMS if form in forms or (folder / FILES[form]).exists()]
        files, tables = _written(results, analysis, figures, svgs, wanted, pictures=pictures)
        _write_figures(figures, svgs, folder / "figures")
        for name, table in frames(results, analysis).items():
            if name != "verdicts":
                write_atomically(folder / f"{name}.csv", csv(table))
            write_atomically(folder / f"{name}.parquet", parquet(table))
        write_atomically(folder / "verdicts.json", verdicts(analysis))
        _write_tables(tables, folder / FILES["tex"])
        if "pdf" in wanted and FILES["pdf"] not in files:
            (folder / FILES["pdf"]).unlink()  # of an earlier report, and what writes it is gone
        for name, content in files.items():
            write_atomically(folder / name, content)
    return folder / FILES[next(form for form in FORMS if form in forms)]


def _written(
    results: Results,
    analysis: Analysis,
    figures: tuple[Figure, ...],
    svgs: Mapping[int, str],
    forms: list[str],
    *,
    pictures: bool,
) -> tuple[dict[str, str | bytes], dict[str, str]]:
    """The files of some forms by name, the page last, and the LaTeX tables."""
    files: dict[str, str | bytes] = {}
    tables: dict[str, str] = {}
    if forms != ["html"]:
        whole = blocks(results, analysis, figures)
        if "md" in forms:
            files[FILES["md"]] = markdown(whole)
        if "pdf" in forms and can_write_pdf():
            from lossbench.report.pdf import pdf  # its engine comes with an extra

            files[FILES["pdf"]] = pdf(whole, svgs)
        if "tex" in forms:
            tables = latex_tables(whole)
    if "html" in forms:
        files[FILES["html"]] = page(results, analysis, figures, svgs, pictures=pictures)
    return files, tables


def _write_figures(figures: tuple[Figure, ...], svgs: Mapping[int, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = set()
    for figure in figures:
        svg = svgs[figure.number]
        contents: Mapping[str, str | bytes] = {
            "svg": svg,
            "png": render_png(svg),
            "pdf": render_pdf(svg),
            "vl.json": specification_text(figure),
        }
        for ending, content in contents.items():
            write_atomically(folder / f"{figure.stem}.{ending}", content)
            kept.add(f"{figure.stem}.{ending}")
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.name not in kept:
            path.unlink()


def _write_tables(tables: Mapping[str, str], folder: Path) -> None:
    """LaTeX tables, in place of those of an earlier report."""
    if not tables:
        return
    folder.mkdir(exist_ok=True)
    for name, content in tables.items():
        write_atomically(folder / f"{name}.tex", content)
    for path in folder.glob("*.tex"):
        if path.stem not in tables:
            path.unlink()
