"""Whoever reads one page finds the others: every page leads to its neighbours, and is led to."""

from __future__ import annotations

import re

import pytest
import yaml
from docs_blocks import ROOT

DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([\w-]+\.md)?(?:#([\w-]+))?\)")


def links(page: str) -> list[tuple[str, str]]:
    """Where a page leads: other pages of the folder, or itself, each with the heading's anchor or nothing."""
    return [(found[1] or page, found[2] or "") for found in _LINK.finditer(_BLOCK.sub("", PAGES[page]))]


def anchors(page: str) -> set[str]:
    """What can stand behind a page's name and `#`."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", PAGES[page]), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_leads_to_two_others_and_every_link_leads_somewhere(page: str) -> None:
    found = links(page)
    assert len({other for other, _ in found} - {page}) >= 2
    assert [link for link in found if link[0] not in PAGES or link[1] not in {"", *anchors(link[0])}] == []


def test_the_first_page_leads_to_every_page_that_says_how_to() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    (pages,) = (part["How to"] for part in config["nav"] if "How to" in part)
    named = {other for other, _ in links("index.md")}
    assert {page for entry in pages for page in entry.values()} <= named
    assert {"models.md", "environment.md", "losses.md"} <= named


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("own-data.md", ("models.md", "")),
        ("own-data.md", ("after.md", "a-model-of-your-own")),
        ("own-loss.md", ("losses.md", "in-a-test")),
        ("own-loss.md", ("losses.md", "as-modules")),
        ("following.md", ("tracking.md", "")),
        ("after.md", ("after.md", "a-model-of-your-own")),
    ],
)
def test_a_step_leads_to_the_next(page: str, link: tuple[str, str]) -> None:
    assert link in links(page)


def test_every_page_is_led_to() -> None:
    led_to = {other for page in PAGES for other, _ in links(page) if other != page}
    assert led_to | {"index.md"} >= set(PAGES)
