"""The rooms of the design, in their order, and what each imports: to hold them to it, and to draw them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import lossbench

__all__ = ["PACKAGE", "ROOMS", "files", "imported", "imports", "room_of", "room_of_file"]

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
    "tracking",
    "api",
    "cli",
)
"""Each imports only rooms before it."""

PACKAGE = Path(lossbench.__file__).parent


def files() -> list[Path]:
    """Every file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def room_of(module: str) -> str | None:
    """The room that a module lies in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "lossbench" else None


def room_of_file(path: Path) -> str:
    """The room that a file of the package lies in; `__init__` and `__main__` for the package's own."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every module of lossbench that a file imports at run time, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for statement in branch.body
        for node in ast.walk(statement)
    }
    return {module for node in ast.walk(tree) if node not in skipped for module in _named(node) if room_of(module)}


def imported() -> dict[str, set[str]]:
    """Per room the other rooms that it imports."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in files():
        room = room_of_file(path)
        if room in found:
            found[room] |= {other for module in imports(path) if (other := room_of(module)) and other != room}
    return found


def _named(node: ast.AST) -> Iterator[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    if isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        if node.module == "lossbench":
            yield from (f"lossbench.{name.name}" for name in node.names)
