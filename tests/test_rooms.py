"""The rooms of the design, each importing only rooms above it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lossbench

ROOMS = (
    "errors",
    "rng",
    "files",
    "folders",
    "imports",
    "text",
    "spec",
    "published",
    "losses",
    "nn",
    "testing",
    "data",
    "native",
    "models",
    "metrics",
    "train",
    "resolve",
    "store",
    "run",
    "results",
    "analysis",
    "figures",
    "report",
    "api",
    "cli",
)
PACKAGE = Path(lossbench.__file__).parent
TORCH_FREE = (
    "errors",
    "rng",
    "files",
    "folders",
    "imports",
    "text",
    "spec",
    "published",
    "data",
    "metrics",
    "store",
    "results",
    "analysis",
    "figures",
    "report",
)


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "lossbench" else None


def imports(path: Path) -> set[str]:
    """Every module of lossbench that a file imports at run time, inside functions too."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names if node.module == "lossbench"}
    return {module for module in found if room_of(module)}


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_rooms_above_its_own(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in ("__init__", "__main__"):
        return
    assert room in ROOMS, f"{room} is no room of the design"
    for module in imports(path):
        other = room_of(module)
        assert other in ROOMS, f"{module} is in no room"
        assert ROOMS.index(other) <= ROOMS.index(room), f"{path.name} in {room} imports {module}"


@pytest.mark.parametrize("room", TORCH_FREE)
def test_a_room_that_reads_does_not_import_torch(room: str) -> None:
    code = f"import sys, lossbench.{room}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_reading_results_does_not_import_torch() -> None:
    code = "import sys, lossbench; lossbench.load; import lossbench.cli.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_seeds_globally_or_reads_pickles(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for banned in ("np.random.seed", "random.seed(", "import pickle", "torch.load(", "allow_pickle=True", "yaml.load("):
        assert banned not in text
    if path.name != "rng.py":
        assert "manual_seed" not in text
