"""All pages of the site in one folder: those of docs/, those of the root, and those that are made from code."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tools.docs.catalogue import catalogue_pages
from tools.docs.commands import commands_page
from tools.docs.looks import STYLE
from tools.docs.notebooks import notebook_pages
from tools.docs.python_reference import python_pages
from tools.docs.rooms import rooms_drawn, rooms_table

__all__ = ["PUT", "ROOT", "prepare"]

ROOT = Path(__file__).parents[2]

PUT = {"<!-- rooms drawn -->": rooms_drawn, "<!-- rooms table -->": rooms_table}
"""What a page may have put in the place of a comment."""

_OF_ROOT = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "README.md": "index.md"}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def prepare(out: Path, *, execute: bool = True) -> None:
    """Writes the sources of the site.

    Args:
        out: the folder, which is emptied before.
        execute: whether notebooks are run; without it their outputs are left out.
    """
    shutil.rmtree(out, ignore_errors=True)
    for path, content in _pages(execute=execute):
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


def _pages(*, execute: bool) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "docs").rglob("*.md")):
        yield str(path.relative_to(ROOT / "docs")), _relocated(path)
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        yield _OF_ROOT[name], _relocated(ROOT / name)
    yield "reference/commands.md", commands_page()
    yield "assets/site.css", STYLE
    yield from catalogue_pages().items()
    yield from python_pages().items()
    yield from notebook_pages(ROOT / "examples", execute=execute).items()


def _relocated(path: Path) -> str:
    """A page's text with its links as they are in the site, and what is made at build put in."""
    text = _LINK.sub(lambda found: _in_the_site(path, found[1]), path.read_text(encoding="utf-8"))
    for comment, make in PUT.items():
        text = text.replace(comment, make()) if comment in text else text
    return text


def _in_the_site(path: Path, target: str) -> str:
    place = Path(os.path.normpath(path.parent / target)).relative_to(ROOT)
    within = _OF_ROOT.get(str(place)) or (str(place.relative_to("docs")) if place.parts[0] == "docs" else None)
    if place.parts[0] == "examples":
        within = str(place.with_suffix(".md"))
    if within is None:
        raise ValueError(f"{path}: the site has no {target}; name it as code, without a link")
    start = path.relative_to(ROOT / "docs").parent if path.is_relative_to(ROOT / "docs") else Path()
    return os.path.relpath(within, start)
