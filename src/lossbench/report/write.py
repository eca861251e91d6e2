"""Everything about a study in one folder, each file complete or not there."""

from __future__ import annotations

import re
from pathlib import Path

from lossbench.analysis.types import Analysis
from lossbench.figures import Figure, draw, render_png, render_svg
from lossbench.files import write_atomically, writing
from lossbench.report.page import page
from lossbench.report.tables import (
    comparisons_table,
    csv,
    gradient_scale_table,
    history_table,
    standings_table,
    summary_table,
    verdicts,
)
from lossbench.results import Results

__all__ = ["write_report"]

_OURS = re.compile(r"\d{2,}-[a-z0-9.-]+\.(?:svg|png)")


def write_report(results: Results, analysis: Analysis, folder: Path) -> Path:
    """Writes figures, tables and the page; the page comes last, so that it is never ahead of its files.

    Args:
        results: the study's table.
        analysis: what was concluded from it.
        folder: is made where it does not exist; figures of an earlier report are replaced or removed.

    Returns:
        the path of report.html.

    Raises:
        SaveDirError: the folder cannot be written.
    """
    figures = draw(results, analysis)
    svgs = {figure.number: render_svg(figure) for figure in figures}
    html = page(results, analysis, figures, svgs)
    with writing("save dir", folder):
        _write_figures(figures, svgs, folder / "figures")
        write_atomically(folder / "history.csv", csv(history_table(results)))
        write_atomically(folder / "summary.csv", csv(summary_table(analysis)))
        write_atomically(folder / "comparisons.csv", csv(comparisons_table(analysis)))
        write_atomically(folder / "standings.csv", csv(standings_table(analysis)))
        write_atomically(folder / "verdicts.json", verdicts(analysis))
        if not results.external:
            write_atomically(folder / "gradient_scale.csv", csv(gradient_scale_table(results)))
        write_atomically(folder / "report.html", html)
    return folder / "report.html"


def _write_figures(figures: tuple[Figure, ...], svgs: dict[int, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        write_atomically(folder / f"{figure.stem}.svg", svgs[figure.number])
        write_atomically(folder / f"{figure.stem}.png", render_png(svgs[figure.number]))
    kept = {f"{figure.stem}.{ending}" for figure in figures for ending in ("svg", "png")}
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.name not in kept:
            path.unlink()
