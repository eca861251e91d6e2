"""`lossbench --version`."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

__all__ = ["Version", "root"]


def _show(asked: bool) -> None:
    """Prints the version and ends; `lossbench doctor` tells the rest."""
    if not asked:
        return
    try:
        number = version("lossbench")
    except PackageNotFoundError:  # run from a source tree that was not installed
        number = "of a source tree that was not installed"
    typer.echo(f"lossbench {number}")
    raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Show the version and exit.", callback=_show, is_eager=True)]


def root(version: Version = False) -> None:
    """What stands before a command."""
