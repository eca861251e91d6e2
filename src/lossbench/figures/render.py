"""A chart as SVG, PNG, specification, byte for byte the same for the same chart, and as PDF."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

import vl_convert

from lossbench.figures.style import PAPER, VEGA_LITE
from lossbench.figures.types import Figure

__all__ = ["render_pdf", "render_png", "render_svg", "specification_text"]

_KEPT = 256  # renderings; the conditions of a study share most definitions, and one has fewer figures than that
_LONG_NUMBER = re.compile(r"(?<![\w#.])-?\d+\.\d{3,}(?![\w.])")
_TEXT = re.compile(r"(<text\b[^>]*>)(.*?)(</text>)", re.DOTALL)
# The control characters that XML forbids, as JSON writes them, after an even number of backslashes.
_NO_XML = re.compile(r"(?<!\\)((?:\\\\)*)(\\u00(?:0[0-8be-f]|1[0-9a-f])|\\[bf]|\\ufff[ef])")
_ID = re.compile(r'\bid="([^"]+)"')


def render_svg(figure: Figure) -> str:
    """The figure as a stand-alone SVG on white."""
    return _svg(json.dumps(figure.chart))


def render_png(figure: Figure | str, scale: float = 2) -> bytes:
    """A figure, or its SVG, as PNG; `scale` is pixels per unit of the SVG."""
    svg = figure if isinstance(figure, str) else render_svg(figure)
    return _png(svg, scale)


def render_pdf(figure: Figure | str) -> bytes:
    """A figure, or its SVG, as a PDF of its own size; the renderer orders the parts of the file as it likes."""
    svg = figure if isinstance(figure, str) else render_svg(figure)
    return _pdf(svg)


def specification_text(figure: Figure) -> str:
    """Its Vega-Lite specification with the data inside, as JSON."""
    return json.dumps(figure.chart, ensure_ascii=False, separators=(",", ":")) + "\n"


@lru_cache(_KEPT)
def _svg(chart: str) -> str:
    svg = vl_convert.vegalite_to_svg(_writable(chart), vl_version=VEGA_LITE, show_warnings=False)
    return _stable(svg) + "\n"


@lru_cache(_KEPT)
def _png(svg: str, scale: float) -> bytes:
    png: bytes = vl_convert.svg_to_png(svg.replace(PAPER, "#ffffff"), scale=scale)
    return png


@lru_cache(_KEPT)
def _pdf(svg: str) -> bytes:
    pdf: bytes = vl_convert.svg_to_pdf(svg.replace(PAPER, "#ffffff"))
    return pdf


def _writable(chart: str) -> str:
    """The chart's JSON with what no SVG can hold by number: over such a character the renderer ends the process."""
    return _NO_XML.sub(lambda match: match[1] + "\\\\" + match[2][1:], chart)


def _stable(svg: str) -> str:
    """Numbers the ids anew, for the renderer counts them over the life of the process, and shortens coordinates."""
    ids = {name: f"part{index}" for index, name in enumerate(dict.fromkeys(_ID.findall(_TEXT.sub("", svg))))}
    parts, end = [], 0
    for match in _TEXT.finditer(svg):  # what a label says is left alone
        parts += [_markup(svg[end : match.start()], ids), _markup(match[1], ids), match[2], match[3]]
        end = match.end()
    return "".join([*parts, _markup(svg[end:], ids)])


def _markup(svg: str, ids: Mapping[str, str]) -> str:
    for old, new in ids.items():
        svg = svg.replace(f'id="{old}"', f'id="{new}"').replace(f"url(#{old})", f"url(#{new})")
    return _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip(".") or "0", svg)
