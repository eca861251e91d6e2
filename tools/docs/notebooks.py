"""The example notebooks as pages, run while the site is built: text, code, and what the code gave."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import nbformat

__all__ = ["notebook_page", "notebook_pages", "run_notebook"]

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
        os.environ.setdefault("COLUMNS", "100")
        client = NotebookClient(
            notebook, timeout=_SECONDS, kernel_name="python3", resources={"metadata": {"path": empty}}
        )
        client.execute()
    return notebook


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # the library has no types


def _parts(notebook: Any) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield f"{cell.source}\n\n"
        elif cell.cell_type == "code":
            yield f"```python\n{cell.source}\n```\n\n"
            for output in cell.get("outputs", ()):
                yield _output(output)


def _output(output: Any) -> str:
    """What a cell gave as a block of HTML without an empty line, which would end it."""
    data = output.get("data", {})
    markup = data.get("text/html") or data.get("image/svg+xml")
    if markup is None:
        text = output.get("text") or data.get("text/plain") or ""
        markup = f"<pre>{escape(text.rstrip())}</pre>"
    elif data.get("image/svg+xml") == markup:
        markup = f'<div class="picture">{markup[markup.index("<svg") :]}</div>'
    inside = re.sub(r"\n\s*\n", "\n&#8203;\n", markup.strip()) if "<pre" in markup else re.sub(r"\s*\n\s*", " ", markup)
    return f'<div class="output">{inside}</div>\n\n'
