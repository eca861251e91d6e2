"""The Python reference: which names there are is read from the code; their words are their docstrings."""

from __future__ import annotations

import ast
from pathlib import Path

from tools.docs.markdown import table, text
from tools.rooms import PACKAGE, ROOMS

__all__ = ["python_pages", "rooms_with_names"]

_LEFT_OUT = ("cli", "losses.families", "spec.presets")  # what they have is on pages of its own

_HEAD = """\
# Python

`import lossbench` costs little: each of these names brings what it needs when it is first used, so that reading
results never imports torch. Errors that a caller can cause are `RequestError`s, which name the field, what is allowed
and what came.
"""
_PUBLIC_ROOMS = """
Two rooms are public as they are: [`lossbench.nn`](../losses.md#as-modules), every loss of the catalogue as a
`torch.nn.Module`, and `lossbench.testing`, which has [`check_loss`](../losses.md#in-a-test) for the tests of those who
write losses.
"""
_ROOMS = """\
# Rooms

What each room of the code gives to the others, and to those who go below the surface of [lossbench itself](python.md).
[How it works](../how-it-works.md) draws the rooms.
"""


def python_pages() -> dict[str, str]:
    """Path below the site's sources -> Markdown with a directive per name."""
    rooms = rooms_with_names()
    top = "".join(_entry("lossbench", name, home) for name, home in _top().items())
    pages = {"reference/python.md": f"{_HEAD}{_PUBLIC_ROOMS}{top}"}
    rows = [[f"[`{room}`](rooms/{room}.md)", text(_said(room))] for room in rooms]
    pages["reference/rooms.md"] = f"{_ROOMS}\n{table(['room', 'what it is'], rows)}\n"
    for room, names in rooms.items():
        entries = "".join(_entry(f"lossbench.{room}", name, home) for name, home in names.items())
        pages[f"reference/rooms/{room}.md"] = f"# lossbench.{room}\n\n{text(_said(room))}\n{entries}"
    return pages


def rooms_with_names() -> dict[str, dict[str, str]]:
    """Per package with public names each of them and the module that it is from."""
    packages = [path.parent for path in sorted(PACKAGE.rglob("__init__.py")) if path.parent != PACKAGE]
    found = {".".join(path.relative_to(PACKAGE).parts): _exported(path / "__init__.py") for path in packages}
    shown = (name for name in found if found[name] and name not in _LEFT_OUT)
    order = sorted(shown, key=lambda name: ROOMS.index(name.partition(".")[0]))
    return {name: found[name] for name in order}


def _top() -> dict[str, str]:
    homes = _value(_tree(PACKAGE / "__init__.py"), "_HOMES")
    assert isinstance(homes, dict)  # noqa: S101 # our own file
    return {name: f"lossbench.{home}" for name, home in homes.items()}


def _exported(path: Path) -> dict[str, str]:
    """The names of `__all__`, each with the module that the file has it from."""
    tree = _tree(path)
    names = _value(tree, "__all__")
    if not isinstance(names, list):
        return {}
    own = ".".join(path.parent.relative_to(PACKAGE.parent).parts)
    homes = {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    return {name: homes.get(name, own) for name in names}


def _entry(shown: str, name: str, home: str) -> str:
    return f'\n::: {home}.{name}\n    options:\n      heading: "{shown}.{name}"\n      toc_label: {name}\n'


def _said(room: str) -> str:
    said = ast.get_docstring(_tree(PACKAGE.joinpath(*room.split("."), "__init__.py"))) or ""
    return " ".join(said.split("\n\n")[0].split())


def _value(tree: ast.Module, name: str) -> object:
    """What a module assigns to a name, a literal."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    return None


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
