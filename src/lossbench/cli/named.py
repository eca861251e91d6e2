"""The commands that list what can be named, and `init`, which writes a file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lossbench.cli import show
from lossbench.cli.console import make_console
from lossbench.cli.show_presets import show_presets
from lossbench.cli.template import STUDY_TEMPLATE
from lossbench.errors import RequestError, SaveDirError

__all__ = ["DataDir", "data", "init", "models", "presets"]

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where named data sets are looked for first.")]


def models() -> None:
    """List the models that can be named."""
    show.show_models(make_console())


def data(data_dir: DataDir = None) -> None:
    """List the data sets that can be named, where they are, and how to get them."""
    show.show_data(make_console(), data_dir)


def presets() -> None:
    """List the studies to start from: what each repeats, and how much is trained for it."""
    show_presets(make_console())


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("study.yaml"),
) -> None:
    """Write a commented study file to start from."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(STUDY_TEMPLATE)
    except FileExistsError:
        raise RequestError("PATH", "a file that does not exist yet", str(path)) from None
    except OSError as error:
        raise SaveDirError("PATH", "a file that can be written", str(path), error.strerror or "") from None
    make_console().print(f"{path} written; run it with: lossbench run {path}", markup=False, soft_wrap=True)
