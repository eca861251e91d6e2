"""The rooms of the design, each importing only rooms above it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.rooms import PACKAGE, ROOMS, files, imports, room_of, room_of_file

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
    "tracking",
)


FILES = files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_rooms_above_its_own(path: Path) -> None:
    room = room_of_file(path)
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
