"""The example notebooks run, and stand in the repository without outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from docs_blocks import ROOT
from nbclient.exceptions import CellExecutionError
from nbformat import v4

from tools.docs import __main__ as program
from tools.docs import pages
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
def test_it_runs_and_comes_to_a_verdict(path: Path, long: bool) -> None:
    if not long:
        pytest.skip("a matter of half a minute; --long runs it, and make docs fails where a cell does")
    notebook = run_notebook(path)
    told = outputs(notebook)
    assert any(word in told for word in ("supported", "contradicted", "undecided"))
    assert "<svg" in told
    page = notebook_page(notebook)
    assert page.startswith("# ")
    assert page.count('<div class="output">') == sum(len(cell.get("outputs", ())) for cell in notebook.cells)


def test_what_cells_gave_stands_on_the_page() -> None:
    given: list[Any] = [
        v4.new_output("stream", text="a < b\n\nc\n"),  # type: ignore[no-untyped-call] # the library has no types
        v4.new_output("display_data", {"image/svg+xml": '<svg>\n<path fill="none"/>\n</svg>'}),  # type: ignore[no-untyped-call] # as above
    ]
    cells: list[Any] = [
        v4.new_markdown_cell("# A title"),  # type: ignore[no-untyped-call] # as above
        v4.new_code_cell("print()", outputs=given),  # type: ignore[no-untyped-call] # as above
    ]
    page = notebook_page(v4.new_notebook(cells=cells))  # type: ignore[no-untyped-call] # as above
    assert page.startswith("# A title\n\n```python\nprint()\n```\n\n")
    assert page.count('<div class="output">') == 2
    assert "a &lt; b\n&#8203;\nc" in page
    assert '<svg> <path fill="none"/> </svg>' in page


def test_the_site_is_not_built_where_a_cell_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        (tmp_path / name).write_text("# A page\n", encoding="utf-8")
    cells = [v4.new_code_cell("raise ValueError('no verdict')")]  # type: ignore[no-untyped-call] # as above
    notebook = v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call] # as above
    nbformat.write(notebook, tmp_path / "examples" / "broken.ipynb")  # type: ignore[no-untyped-call] # as above
    for module in (program, pages):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "_relocated", lambda path: "# A page\n")
    for made in ("catalogue_pages", "python_pages"):
        monkeypatch.setattr(pages, made, dict)
    monkeypatch.setattr(program, "build", lambda root: pytest.fail("it was built"))
    monkeypatch.setattr("sys.argv", ["python -m tools.docs"])
    with pytest.raises(CellExecutionError, match="no verdict"):  # nobody catches it: python exits with 1, make with 2
        program.main()


def test_whoever_builds_the_site_runs_them() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ndocs:")[2].partition("\n\n")[0]
    assert "python -m tools.docs $(OPTIONS)" in recipe
    assert "--no-notebooks" not in recipe
    assert "\t-" not in recipe  # where make would go on after a failure
    assert "make docs\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
