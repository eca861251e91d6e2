"""The overview as a page: blocks become HTML, whatever they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossbench.analysis.across import Across
from lossbench.figures import Figure
from lossbench.figures.draw_across import colours_across
from lossbench.figures.style import PALETTE
from lossbench.report.document import Block, Heading, Title, runs
from lossbench.report.embedded import library
from lossbench.report.forms import FILES
from lossbench.report.inline import css_colors
from lossbench.report.page import Drawn, environment
from lossbench.text import slug

__all__ = ["overview_page"]


@dataclass(frozen=True)
class Section:
    """A heading of level 1 and what follows it.

    Args:
        id: its anchor.
        title: its heading.
        blocks: with their kinds: `table`, `paragraph`, ...
    """

    id: str
    title: str
    blocks: tuple[tuple[str, Block], ...]


def overview_page(blocks: Sequence[Block], across: Across, figures: Sequence[Figure], svgs: Mapping[int, str]) -> str:
    """The whole page.

    Args:
        blocks: what belongs to the answer with the title in it, and sections that begin with a heading of level 1.
        across: the study's conditions.
        figures: all that the blocks show.
        svgs: their stand-alone SVGs by number.
    """
    title = next(block for block in blocks if isinstance(block, Title))
    light, dark = css_colors()
    colours = colours_across(across)
    return environment().get_template("overview.html").render(
        title=title,
        sections=_sections([block for block in blocks if block is not title]),
        drawn={figure.number: Drawn.of(figure, svgs[figure.number], last_epoch=1) for figure in figures},
        ranking=across.ranking,
        places={label: place % len(PALETTE) for label, place in colours.places.items()},
        only_name=_only_name,
        report=FILES["html"],
        light=light,
        dark=dark,
        library=library(),
    )  # fmt: skip


def _sections(blocks: Sequence[Block]) -> list[Section]:
    """The answer, and a section per heading of level 1."""
    titles: list[str] = ["Answer"]
    parts: list[list[tuple[str, Block]]] = [[]]
    for block in blocks:
        if isinstance(block, Heading) and block.level == 1:
            titles.append(block.text)
            parts.append([])
        else:
            parts[-1].append((type(block).__name__.lower(), block))
    anchors: list[str] = []
    for title in titles:
        anchors.append(slug(title, anchors))
    return [Section(anchor, title, tuple(part)) for anchor, title, part in zip(anchors, titles, parts, strict=True)]


def _only_name(text: str) -> str:
    """The name that a cell consists of; empty where it is no name, or more than one."""
    found = runs(text)
    return found[0].text if len(found) == 1 and found[0].name else ""
