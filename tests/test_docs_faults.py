"""docs/faults.md names tests that exist, and every file of fault tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(?:(\w+)::)?(\w+))?`", PAGE)))
FOLDERS = ("tests/faults", "tests/hostile")


def functions_of(path: Path) -> set[str]:
    """The names of a file's test functions, those of classes too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef))
    return {node.name for node in tests if node.name.startswith(("test_", "Test"))}


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "group", "name"), NAMED)
def test_what_the_page_names_is_there(file: str, group: str, name: str) -> None:
    assert (ROOT / file).is_file()
    if name:
        assert name in functions_of(ROOT / file)


def test_every_file_of_fault_tests_is_on_the_page() -> None:
    files = {str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).glob("test_*.py")}
    assert files <= {file for file, _, _ in NAMED}
