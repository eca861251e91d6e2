"""A user's own models and losses on machines that do not have their files: the source files are sent along."""

from __future__ import annotations

import hashlib
import json
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from lossbench.run.job import Job

__all__ = ["digest_of", "own_code", "write_code"]

_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib")


def own_code(jobs: Iterable[Job]) -> dict[str, bytes]:
    """The source files of what the jobs name by import path, by their path below the folder that they are found in.

    With the module that is named come the modules that it has imported from the same folder, which are known because
    this process has imported them, too. What is installed as a package is not sent: it is installed on the nodes, or
    missing there.
    """
    names = {name for job in jobs for name in (job.trial.recipe.model, job.trial.loss.name) if ":" in name}
    tops = {name.partition(":")[0].partition(".")[0] for name in names} - {"lossbench"}
    found: dict[str, bytes] = {}
    for folder in sorted({folder for top in tops if (folder := _found_in(top))}):
        if not _installed(folder):
            found = {**_imported_from(folder), **found}
    return found


def digest_of(code: dict[str, bytes]) -> str:
    """A digest of source files and their paths; empty for none."""
    if not code:
        return ""
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in code.items()}
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:32]


def write_code(code: dict[str, bytes], folder: Path) -> None:
    """Writes source files into a folder, from which they can be imported then."""
    for name, content in code.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _found_in(top: str) -> Path | None:
    """The folder that an imported module or package lies in."""
    module = sys.modules.get(top)
    if file := getattr(module, "__file__", None):
        path = Path(file).absolute()
        return path.parents[1] if path.name == "__init__.py" else path.parent
    places = list(getattr(module, "__path__", ()))  # of a package without an __init__.py
    return Path(places[0]).absolute().parent if places else None


def _installed(folder: Path) -> bool:
    return str(folder) in {sysconfig.get_path(kind) for kind in _INSTALLED} or "site-packages" in folder.parts


def _imported_from(folder: Path) -> dict[str, bytes]:
    """The source files of all modules that were imported from a folder, but for lossbench's own."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        words = Path(*name.split("."))
        for path in (words.with_suffix(".py"), words / "__init__.py"):
            if file and Path(file).absolute() == folder / path and name.partition(".")[0] != "lossbench":
                found[path.as_posix()] = (folder / path).read_bytes()
    return found
