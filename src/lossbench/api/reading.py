"""Reading studies that were run: imports neither torch nor anything of the user's."""

from __future__ import annotations

from pathlib import Path

from lossbench.analysis import Analysis, analyse
from lossbench.report import write_report
from lossbench.results import Results, collect
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
    return collect(store, name)


def report(folder: str | Path) -> tuple[Results, Analysis, Path]:
    """Writes a study's report anew from the store; gives what it tells, and the path of report.html.

    Raises:
        SaveDirError: there is no such study, or its folder cannot be written.
        StoreError: its files are damaged.
    """
    store, name = locate_study(folder)
    results = collect(store, name)
    analysis = analyse(results)
    return results, analysis, write_report(results, analysis, store.study_folder(name))
