"""Builds the site: a warning of the builder, or a complaint about what it built, is a failure."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools.docs.check import complaints

__all__ = ["build"]

_WARNED = re.compile(r"warning|^griffe: |[1-9]\d* issues? found", re.IGNORECASE | re.MULTILINE)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def build(root: Path) -> list[str]:
    """Builds what `prepare` wrote; gives what is wrong, one sentence each.

    Args:
        root: the folder with mkdocs.yml.
    """
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    said = _COLOURS.sub("", done.stdout + done.stderr)
    if done.returncode or _WARNED.search(said):  # not every warning of its parts ends a strict build
        return said.strip().splitlines()
    return complaints(root / "site")
