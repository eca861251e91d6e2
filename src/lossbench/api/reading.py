"""Reading studies that were run: imports neither torch nor anything of the user's."""

from __future__ import annotations

from pathlib import Path

from lossbench.analysis import Analysis
from lossbench.api.study_results import Results
from lossbench.report import check_forms, write_report
from lossbench.results import collect
from lossbench.store import locate_study

__all__ = ["load", "report"]


def load(folder: str | Path) -> Results:
    """The results of a study that was run.

    Args:
        folder: a study's folder (`log/studies/NAME`), or a save dir with one study.

    Raises:
        SaveDirError: there is no such study.
        StoreError: its files are damaged.
    """
    store, name = locate_study(folder)
    return Results.of(collect(store, name))


def report(
    folder: str | Path, forms: tuple[str, ...] = ("html",), *, pictures: bool = True
) -> tuple[Results, Analysis, Path]:
    """Writes a study's report anew from the store; gives what it tells, and the path of the first form.

    Args:
        folder: a study's folder, or a save dir with one study.
        forms: html, md, pdf, tex.
        pictures: whether it shows sample pictures of the data.

    Raises:
        RequestError: a form cannot be written here.
        SaveDirError: there is no such study, or its folder cannot be written.
        StoreError: its files are damaged.
    """
    check_forms(forms)
    store, name = locate_study(folder)
    results = Results.of(collect(store, name))
    page = write_report(results, results.analysis, store.study_folder(name), forms=forms, pictures=pictures)
    return results, results.analysis, page
