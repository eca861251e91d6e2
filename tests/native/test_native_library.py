"""Where the kernels come from, and what happens where they cannot."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lossbench.native.library import SWITCH, compiler

SCRIPT = "from lossbench.native import library; print(library() is not None)"


def asked(cache: Path, **environment: str) -> str:
    """Whether a fresh process with an empty cache of its own finds the kernels."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(cache), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def pretended(folder: Path, says: str) -> str:
    path = folder / "pretended"
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler: torch's own kernels are used here")
def test_the_first_process_compiles_and_the_second_finds(tmp_path: Path) -> None:
    assert asked(tmp_path) == "True"
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.so")}
    assert len(made) == 1
    assert asked(tmp_path) == "True"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.so")} == made


def test_the_switch_turns_them_off(tmp_path: Path) -> None:
    assert asked(tmp_path, **{SWITCH: "0"}) == "False"
    assert not list(tmp_path.rglob("*.so"))


def test_a_missing_compiler_is_no_error(tmp_path: Path) -> None:
    assert asked(tmp_path, CXX="no-such-compiler") == "False"


@pytest.mark.parametrize("says", ["exit 1", "echo fine", "kill -9 $$"])
def test_a_compiler_that_cannot_is_no_error(tmp_path: Path, says: str) -> None:
    assert asked(tmp_path, CXX=pretended(tmp_path, says)) == "False"
