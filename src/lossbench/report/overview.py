"""The report above those of a study's conditions: what is concluded across them, and where each one's own report is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lossbench.analysis.across import across
from lossbench.analysis.within import Within
from lossbench.figures import draw_across
from lossbench.report.forms import check_forms
from lossbench.report.overview_blocks import overview_blocks
from lossbench.report.overview_page import overview_page
from lossbench.report.overview_tables import across_frames
from lossbench.report.spoken import words_of
from lossbench.report.tables import frames_across
from lossbench.report.write import Contents, write_contents
from lossbench.spec import Condition

__all__ = ["write_overview"]


def write_overview(
    study: Mapping[str, Any],
    within: Sequence[Within],
    names: Mapping[Condition, str],
    folder: Path,
    *,
    forms: tuple[str, ...] = ("html",),
) -> Path:
    """Writes the tables of all conditions in one, and the report above theirs, as `write_contents` does.

    Args:
        study: as plain values.
        within: its conditions, each with its results and analysis.
        names: the path of each condition's folder below the study's.
        folder: the study's.
        forms: html, md, pdf, tex.

    Returns:
        the path of the first form.

    Raises:
        RequestError: a form cannot be written here.
        SaveDirError: the folder cannot be written.
    """
    check_forms(forms)
    whole = across(within)
    figures = draw_across(whole)
    blocks = overview_blocks(study, within, whole, figures, names)
    tables = frames_across(within)
    contents = Contents(
        figures=figures.all,
        blocks=lambda: blocks,
        page=lambda svgs: overview_page(blocks, whole, figures.all, svgs),
        tables={**tables, **across_frames(whole)},
        verdicts=_verdicts(tables["verdicts"]),
        spoken=words_of(within[0].results),
    )
    return write_contents(contents, folder, forms)


def _verdicts(table: pl.DataFrame) -> str:
    """What became of the hypotheses, as JSON: one object each, with what differs between conditions in front."""
    return json.dumps(table.to_dicts(), indent=2, ensure_ascii=False) + "\n"
