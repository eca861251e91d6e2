"""The study's figures: data first (a typed table per figure), then the chart, then its SVG, PNG and PDF.

`draw` decides which figures there are and numbers them, `draw_across` those above several conditions; one file per kind
of figure builds its table, its words and its Vega-Lite specification; `render` turns a specification into bytes that
depend on nothing else.
"""

from lossbench.figures.definition import definition
from lossbench.figures.draw import draw
from lossbench.figures.draw_across import AcrossFigures, draw_across
from lossbench.figures.render import render_pdf, render_png, render_svg, specification_text
from lossbench.figures.types import Figure

__all__ = [
    "AcrossFigures",
    "Figure",
    "definition",
    "draw",
    "draw_across",
    "render_pdf",
    "render_png",
    "render_svg",
    "specification_text",
]
