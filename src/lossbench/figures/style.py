"""How every figure looks: colours, dashes, shapes and type, each fixed by a loss's place in the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "AXIS",
    "BETTER",
    "CONFIG",
    "DARK",
    "EQUIVALENT",
    "GRID",
    "HEAT",
    "INK",
    "ON_HEAT",
    "OTHERS",
    "PALETTE",
    "PAPER",
    "VEGA_LITE",
    "WORSE",
    "color",
    "dash",
    "shape",
]

# Each is used for one purpose only, for the page replaces them by CSS variables with a dark value (DARK).
INK, AXIS, GRID, PAPER, HEAT, ON_HEAT = "#1b1f23", "#6a737d", "#e2e5e9", "#fffffe", "#00507d", "#fefffe"

# Grounds of verdicts, on which ON_HEAT has a contrast of 4.5: blue and orange, which nearly everybody tells apart.
BETTER, WORSE, EQUIVALENT = "#1d6a94", "#ad4e00", "#5f656c"

# After Okabe and Ito (2008), darkened until each has a contrast of 3 against white.
PALETTE = ("#0072b2", "#d55e00", "#00875f", "#aa4499", "#927200", "#2a8fd0", "#666a70")
OTHERS = PALETTE[-1]  # of many losses those that are not in colour

DARK: Mapping[str, str] = {
    INK: "#e6e8ea",
    AXIS: "#9aa4ae",
    GRID: "#333a42",
    PAPER: "#15181c",
    HEAT: "#2a78b0",  # dark enough for light words on it
    ON_HEAT: "#fdfefe",
    BETTER: "#2d76a1",
    WORSE: "#b35a10",
    EQUIVALENT: "#686f77",
    **dict(zip(PALETTE, ("#58abe4", "#ff8c42", "#2fc79a", "#e08ad0", "#d6b73c", "#93d1ff", "#b4b8be"), strict=True)),
}

# Five dashes and six shapes beside seven colours: thirty-five losses before colour and dash repeat together.
_DASHES: tuple[list[float], ...] = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 2])
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")

VEGA_LITE = "6.4"  # the version that charts are written for and drawn with

_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"  # the renderer carries the first, with Arial's measures

CONFIG: dict[str, Any] = {
    "aria": False,
    "background": PAPER,
    "font": _FONT,
    "padding": 6,
    "axis": {
        "domainColor": AXIS,
        "gridColor": GRID,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 200,
        "tickColor": AXIS,
        "titleColor": INK,
        "titleFontSize": 12.5,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "header": {"labelColor": INK, "labelFontSize": 12.5, "labelLimit": 260, "title": None},
    "legend": {
        "columns": 3,
        "labelColor": INK,
        "labelFontSize": 12.5,
        "labelLimit": 260,
        "orient": "bottom",
        "symbolLimit": 0,
        "symbolSize": 90,
        "symbolStrokeWidth": 2.2,
        "titleColor": INK,
        "titleFontSize": 12.5,
        "titleFontWeight": "normal",
    },
    "title": {"anchor": "start", "color": INK, "fontSize": 13.5, "fontWeight": "bold", "offset": 8},
    "view": {"stroke": None},
}


def color(position: int) -> str:
    """The colour of the loss at a place."""
    return PALETTE[position % len(PALETTE)]


def dash(position: int) -> list[float]:
    """Its dash."""
    return _DASHES[position % len(_DASHES)]


def shape(position: int) -> str:
    """Its point."""
    return _SHAPES[position % len(_SHAPES)]
