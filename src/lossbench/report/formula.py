"""A loss's formula as MathML, or its TeX as code where it cannot be converted."""

from __future__ import annotations

import re

from latex2mathml.converter import convert
from markupsafe import Markup, escape

__all__ = ["formula"]

_ELEMENTS = (
    "math|menclose|mfenced|mfrac|mi|mmultiscripts|mn|mo|mover|mpadded|mphantom|mprescripts|mroot|mrow|ms|mspace|msqrt|"
    "mstyle|msub|msubsup|msup|mtable|mtd|mtext|mtr|munder|munderover|none"
)
_ATTRIBUTES = (
    "xmlns|display|accent|accentunder|columnalign|columnlines|columnspacing|depth|displaystyle|fence|form|height|largeop|"
    "linethickness|lspace|mathcolor|mathsize|mathvariant|maxsize|minsize|movablelimits|notation|rowlines|rowspacing|"
    "rspace|scriptlevel|separator|stretchy|symmetric|voffset|width"
)
_TAG = re.compile(rf"</?(?:{_ELEMENTS})(?: (?:{_ATTRIBUTES})=\"[^\"<>]*\")*\s*/?>")


def formula(tex: str) -> Markup:
    """The formula as markup for the page."""
    try:
        mathml = convert(tex, display="block")
    except Exception:  # it raises errors of its own, IndexError and KeyError alike; the source is always legible
        return _source(tex)
    # What stands in \text{} comes out of the converter unescaped: only what is MathML and nothing else gets through.
    if "<" in _TAG.sub("", mathml):
        return _source(tex)
    label = f'<math aria-label="{escape(tex)}" '
    return Markup(mathml.replace("<math ", label, 1))  # noqa: S704 # by the line above


def _source(tex: str) -> Markup:
    return Markup("<code class='tex'>{}</code>").format(tex)
