"""The example notebooks as pages, run while the site is built: text, code, and what the code gave."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

import nbformat

from lossbench.report.inline import css_variable

__all__ = ["notebook_page", "notebook_pages", "run_notebook"]

_PAINT = re.compile(r'\b(fill|stroke)="(#[0-9a-f]{6})"')
_SECONDS = 300  # that one cell may take


def notebook_pages(folder: Path, *, execute: bool) -> dict[str, str]:
    """Path below the site's sources -> Markdown, for every notebook of a folder."""
    return {
        f"{folder.name}/{path.stem}.md": notebook_page(run_notebook(path) if execute else _read(path))
        for path in sorted(folder.glob("*.ipynb"))
    }


def notebook_page(notebook: Any) -> str:
    """A notebook as Markdown."""
    return "".join(_parts(notebook))


def run_notebook(path: Path) -> Any:
    """The notebook with the outputs of its cells, run in an empty folder.

    Raises:
        CellExecutionError: a cell raised.
    """
    from nbclient import NotebookClient

    notebook = _read(path)
    with tempfile.TemporaryDirectory() as empty:
        client = NotebookClient(
            notebook, timeout=_SECONDS, kernel_name="python3", resources={"metadata": {"path": empty}}
        )
        client.execute(env={**os.environ, "COLUMNS": "100"})
    return notebook


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # the library has no types


def _parts(notebook: Any) -> Iterator[str]:
    number = count()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield f"{cell.source}\n\n"
        elif cell.cell_type == "code":
            yield f"```python\n{cell.source}\n```\n\n"
            yield from (_output(output, next(number)) for output in cell.get("outputs", ()))


def _output(output: Any, number: int) -> str:
    """What a cell gave as a block of HTML without an empty line, which would end it."""
    data = output.get("data", {})
    markup = data.get("text/html") or data.get("image/svg+xml")
    if markup is None:
        said = output.get("text") or data.get("text/plain") or ""
        inside = f"<pre>{escape(said.strip(chr(10)).rstrip())}</pre>".replace("\n\n", "\n&#8203;\n")
    else:
        inside = re.sub(r"\s*\n\s*", " ", _of_the_page(markup, number))
    return f'<div class="output">{inside}</div>\n\n'


def _of_the_page(markup: str, number: int) -> str:
    """Figures in the page's colours, each with ids of its own."""
    coloured = _PAINT.sub(lambda found: f'{found[1]}="{css_variable(found[2])}"', markup)
    return coloured.replace('id="part', f'id="n{number}-part').replace("url(#part", f"url(#n{number}-part")
