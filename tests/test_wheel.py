"""The wheel, built and installed into an empty environment: it is small, whole, and what is run from it is its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="the development extra brings it")

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/lossbench"
MOST = 1_000_000  # bytes


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel, and nothing else of its own: what it needs lies in this one's."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    place = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)  # which is all that installing a pure wheel does, but for its commands
    needed = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    (place / "needed.pth").write_text("\n".join(needed), encoding="utf-8")
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(python: Path, here: Path, *arguments: str) -> str:
    """What a command prints that sees the wheel alone."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(python), *arguments]
    done = subprocess.run(command, cwd=here, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_both_are_small(built: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in built.iterdir()}
    assert len(sizes) == 2
    assert max(sizes.values()) < MOST, sizes


def test_the_wheel_has_every_file_of_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if name.startswith("lossbench/")}
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert found == {f"lossbench/{path.relative_to(PACKAGE).as_posix()}" for path in files}
    for name in ("py.typed", "native/kernels.cpp", "nn/classes.pyi", "report/templates/page.html"):
        assert f"lossbench/{name}" in found
    assert any(name.startswith("lossbench/published/data/") for name in found)


def test_a_wheel_can_be_made_from_the_source_distribution(built: Path, tmp_path: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    assert {path.name for path in unpacked.iterdir()} >= {"src", "README.md", "LICENSE", "pyproject.toml"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "again")]
    subprocess.run(command, cwd=unpacked, capture_output=True, check=True)
    (first,), (second,) = built.glob("*.whl"), (tmp_path / "again").glob("*.whl")
    assert first.read_bytes() == second.read_bytes()


def test_what_is_imported_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    words = "import lossbench, lossbench.nn, importlib.metadata as m; print(lossbench.__file__, m.version('lossbench'))"
    place, version = run(installed, tmp_path, "-c", words).split()
    assert Path(place).is_relative_to(installed.parents[1])
    assert version in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_its_commands_run(installed: Path, tmp_path: Path) -> None:
    entry = (
        "from importlib.metadata import entry_points as e; e(group='console_scripts')['lossbench'].load()(['--help'])"
    )
    assert "Usage: lossbench" in run(installed, tmp_path, "-c", entry)
    assert "active-passive" in run(installed, tmp_path, "-m", "lossbench", "presets")
    assert "lossbench" in run(installed, tmp_path, "-m", "lossbench", "doctor")


def test_a_study_is_run_and_reported_from_it(installed: Path, tmp_path: Path) -> None:
    study = ("--epochs", "1", "--seeds", "1,", "--model", "mlp", "--losses", "cross_entropy", "--executor", "inline")
    run(installed, tmp_path, "-m", "lossbench", "run", *study)
    assert "report" in run(installed, tmp_path, "-m", "lossbench", "report", "log", "--format", "md")
    page = (tmp_path / "log/studies/digits-mlp/report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
