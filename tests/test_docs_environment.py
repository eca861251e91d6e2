"""docs/environment.md: every variable that the program reads is on it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/environment.md").read_text(encoding="utf-8")


_READ = r"LOSSBENCH_[A-Z]+|NO_COLOR|FORCE_COLOR|CI|TERM|CXX"


def variables_read() -> set[str]:
    """Names of variables that stand in a file which looks at its environment."""
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "environ" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and re.fullmatch(_READ, str(node.value)):
                found.add(str(node.value))
    return found


def test_every_variable_that_is_read_is_on_the_page() -> None:
    listed = set(re.findall(r"`([A-Z_]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE))))
    read = variables_read()
    assert {"LOSSBENCH_DATA", "LOSSBENCH_CACHE", "LOSSBENCH_NATIVE", "NO_COLOR", "CI", "CXX"} <= read
    assert read <= listed


def test_no_other_variable_of_ours_is_read() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r"LOSSBENCH_[A-Z]+", source)) <= variables_read()
