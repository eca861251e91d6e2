"""The example notebooks run, and stand in the repository without outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from docs_blocks import ROOT

from tools.docs.notebooks import notebook_page, run_notebook

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def outputs(notebook: Any) -> str:
    """Everything that a notebook's cells gave, as text."""
    return "\n".join(str(output) for cell in notebook.cells for output in cell.get("outputs", ()))


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"digits", "imbalance", "new_loss"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_has_no_outputs(path: Path) -> None:
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # the library has no types
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_comes_to_a_verdict(path: Path) -> None:
    notebook = run_notebook(path)
    told = outputs(notebook)
    assert any(word in told for word in ("supported", "contradicted", "undecided"))
    assert "<svg" in told
    page = notebook_page(notebook)
    assert page.startswith("# ")
    assert page.count('<div class="output">') == sum(len(cell.get("outputs", ())) for cell in notebook.cells)
