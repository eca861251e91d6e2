"""`lossbench status`: how far a study is, and whether its files are as they were written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lossbench.cli import show
from lossbench.cli.console import make_console
from lossbench.cli.show_faults import show_verified

__all__ = ["Folder", "status"]

Folder = Annotated[Path, typer.Argument(help="A study's folder (log/studies/NAME), or a save dir with one study.")]


def status(
    folder: Folder,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file of the study, and say which are not as they were written.")
    ] = False,
) -> None:
    """Show what is finished, running, diverged, failed and missing."""
    from lossbench.api.verifying import states, verified
    from lossbench.store import StudyFolder, locate_study

    store, place = locate_study(folder)
    whole = StudyFolder.read(store, place)
    console, found = make_console(), states(store, whole)
    conditions = tuple(found)
    if len(conditions) > 1:
        once = {key: state for trials in found.values() for key, (_, _, state, _) in trials.items()}
        show.show_total(console, whole.study.name, len(conditions), list(once.values()))
    for condition, trials in found.items():
        told = condition.told(conditions)
        show.show_status(console, f"{whole.study.name}, {told}" if told else whole.study.name, list(trials.values()))
    if verify:
        result = verified(store, whole)
        show_verified(console, result)
        raise typer.Exit(1 if result.damaged else 0)
