"""Reading studies that were run: imports neither torch nor anything of the user's."""

from __future__ import annotations

from pathlib import Path

from lossbench.analysis import Within
from lossbench.api.conditions import analysed, collected, write_study
from lossbench.api.conditions_results import Conditions
from lossbench.api.study_results import Results
from lossbench.report import check_forms
from lossbench.store import locate_study

__all__ = ["load", "report"]


def load(folder: str | Path) -> Results | Conditions:
    """The results of a study that was run; of one with several models, scenarios or recipes those of each condition.

    Args:
        folder: a study's folder (`log/studies/NAME`), one of a condition of it, or a save dir with one study.

    Raises:
        SaveDirError: there is no such study.
        StoreError: its files are damaged.
    """
    kept, results = collected(*locate_study(folder))
    if len(results) == 1:
        return Results.of(next(iter(results.values())))
    return Conditions.of(kept.study, analysed(results))


def report(
    folder: str | Path, forms: tuple[str, ...] = ("html",), *, pictures: bool = True
) -> tuple[tuple[Within, ...], Path]:
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
    store, place = locate_study(folder)
    kept, results = collected(store, place)
    within = analysed(results, pictures=False)
    return within, write_study(store, kept, within, forms=forms, pictures=pictures)
