"""The report above those of a study's conditions: what each of them says, side by side, and where its own report is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lossbench.analysis.within import Within
from lossbench.files import write_atomically, writing
from lossbench.report import sentences_answer
from lossbench.report.document import Block, Paragraph, Table, Title
from lossbench.report.forms import FILES, FORMS, check_forms
from lossbench.report.markdown import markdown
from lossbench.report.ours import record, written_before
from lossbench.report.published_blocks import published_blocks
from lossbench.report.tables import csv, frames_across, parquet
from lossbench.spec import Condition
from lossbench.text import isolate

__all__ = ["write_overview"]


def write_overview(
    study: Mapping[str, Any],
    within: Sequence[Within],
    names: Mapping[Condition, str],
    folder: Path,
    *,
    forms: tuple[str, ...] = ("html",),
) -> Path:
    """Writes the tables of all conditions in one, and the report above theirs.

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
    whole = tuple(_blocks(study, within, names))
    files = {FILES["html"]: markdown(whole)}
    with writing("save dir", folder):
        folder.mkdir(parents=True, exist_ok=True)
        before = written_before(folder)
        record(folder, before | set(files))
        for name, table in frames_across(within).items():
            write_atomically(folder / f"{name}.csv", csv(table))
            write_atomically(folder / f"{name}.parquet", parquet(table))
        for name in before - set(files):
            (folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            write_atomically(folder / name, content)
        record(folder, files)
    return folder / FILES[next(form for form in FORMS if form in forms)]


def _blocks(study: Mapping[str, Any], within: Sequence[Within], names: Mapping[Condition, str]) -> Iterator[Block]:
    conditions = [item.condition for item in within]
    yield Title(str(study["name"]), str(study["question"]), "")
    rows = tuple(
        (isolate(item.condition.told(conditions)), " ".join(sentences_answer.answer(item.analysis))) for item in within
    )
    yield Table("answers", "The answer within each condition", ("Condition", "Answer"), rows)
    yield from published_blocks(study, within)
    for condition, name in names.items():
        yield Paragraph(f"{name}/report.html", lead=condition.told(conditions))
