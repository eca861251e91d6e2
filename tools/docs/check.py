"""What was built, looked through: no page asks another host for anything, and every internal link leads somewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["complaints"]

_LOADS = {"src", "srcset", "data", "poster", "action", "xlink:href"}  # attributes that make a browser ask
_CSS = re.compile(r"""(?:@import\s+|url\()\s*['"]?\s*((?:https?:)?//[^'")\s]+)""")


@dataclass
class _Page(HTMLParser):
    """One page: what it loads, where it leads, and what can be led to."""

    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value}
        self._style = tag == "style"
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        self.loads += [value for name, value in values.items() if name in _LOADS]
        self.loads += _CSS.findall(values.get("style", ""))
        if "href" in values:
            (self.links if tag in ("a", "area") else self.loads).append(values["href"])

    def handle_data(self, data: str) -> None:
        if self._style:
            self.loads += _CSS.findall(data)


def complaints(site: Path) -> list[str]:
    """What is wrong with a built site, one sentence each.

    Args:
        site: its folder.
    """
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site} has no page"]
    for path, page in pages.items():
        found += [f"{path.relative_to(site)}: {words}" for words in _of_page(site, path, page, pages)]
    for path in sorted(site.rglob("*.css")):
        asked = _CSS.findall(path.read_text(encoding="utf-8"))
        found += [f"{path.relative_to(site)}: asks another host for {target}" for target in asked]
    return found


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _of_page(site: Path, path: Path, page: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    for target in page.loads:
        if urlsplit(target).scheme == "data":
            continue
        if urlsplit(target).netloc:
            yield f"asks another host for {target}"
        elif not _place(site, path, target).exists():
            yield f"loads {target}, which is not there"
    for target in page.links:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            continue  # for people to click
        place = _place(site, path, target)
        if not place.exists():
            yield f"leads to {target}, which is not there"
        elif parts.fragment and place in pages and unquote(parts.fragment) not in pages[place].anchors | {"__top"}:
            yield f"leads to {target}, and that page has no such anchor"


def _place(site: Path, path: Path, target: str) -> Path:
    name = unquote(urlsplit(target).path)
    start = site if name.startswith("/") else path.parent
    place = Path(os.path.normpath(start / name.lstrip("/"))) if name else path
    return place / "index.html" if place.is_dir() else place
