"""A figure's SVG as a part of the page: its colours follow the page's, its ids are its own."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from lossbench.figures import Figure
from lossbench.figures.style import AXIS, BETTER, DARK, EQUIVALENT, GRID, HEAT, INK, ON_HEAT, PALETTE, PAPER, WORSE

__all__ = ["css_colors", "css_variable", "inline_svg"]

_NAMES = {INK: "ink", AXIS: "axis", GRID: "grid", PAPER: "paper", HEAT: "heat", ON_HEAT: "on-heat"}
_NAMES |= {BETTER: "better", WORSE: "worse", EQUIVALENT: "equivalent"}
_NAMES |= {value: f"loss{index}" for index, value in enumerate(PALETTE)}
# What the page has beside its figures: quiet text and links with a contrast of 4.5 and more, the ground of code.
_PAGE = (
    {"axis-text": "#57606a", "link": "#0a5c9e", "shade": "#f3f5f7"},
    {"axis-text": "#a5aeb8", "link": "#79bdf2", "shade": "#21262c"},
)
_ROOT = re.compile(r"<svg\b[^>]*>")
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_PAINT = re.compile(r'\b(fill|stroke)="(#[0-9a-f]{6})"')
_NOISE = re.compile(r' (?:role|aria-[a-z]+|class|pointer-events)="[^"]*"| (?:opacity|fill-opacity)="1"')
_TAG = re.compile(r"<[^>]*>")  # the renderer escapes > inside attributes and text


def inline_svg(figure: Figure, svg: str) -> Markup:
    """The SVG for the page.

    Args:
        figure: gives the text alternative and makes the ids unique.
        svg: its stand-alone form.
    """
    box = _BOX.search(svg)
    width, height = (box[1], box[2]) if box else ("700", "400")
    inner = _TAG.sub(lambda match: _tag(match[0], f"f{figure.number}-"), _ROOT.sub("", svg, count=1))
    root = f'<svg viewBox="0 0 {width} {height}" style="--w:{width}" role="img" aria-label="{escape(figure.alt)}">'
    return Markup(root + inner.strip())  # noqa: S704 # our own renderer's output; the alternative is escaped above


def css_colors() -> tuple[dict[str, str], dict[str, str]]:
    """The page's variables in light and in dark."""
    light = {name: "#ffffff" if value == PAPER else value for value, name in _NAMES.items()}
    dark = {name: DARK[value] for value, name in _NAMES.items()}
    return light | _PAGE[0], dark | _PAGE[1]


def _tag(tag: str, prefix: str) -> str:
    tag = _NOISE.sub("", tag)
    tag = tag.replace('id="part', f'id="{prefix}part').replace("url(#part", f"url(#{prefix}part")
    return _PAINT.sub(lambda match: f'{match[1]}="{css_variable(match[2])}"', tag)


def css_variable(value: str) -> str:
    """The page's variable for a colour of the figures; anything else as it is."""
    return f"var(--{_NAMES[value]})" if value in _NAMES else value
