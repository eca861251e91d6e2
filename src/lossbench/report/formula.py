"""A loss's formula as MathML, or its TeX as code where it cannot be converted."""

from __future__ import annotations

from latex2mathml.converter import convert
from markupsafe import Markup, escape

__all__ = ["formula"]


def formula(tex: str) -> Markup:
    """The formula as markup for the page."""
    try:
        mathml = convert(tex, display="block")
    except (
        Exception
    ):  # the converter raises its own errors, IndexError and KeyError alike; the source is always legible
        return Markup("<code class='tex'>{}</code>").format(tex)
    # Beside the picture that MathML draws, the source: for readers whose browser draws none, and for copying.
    return Markup(mathml.replace("<math ", f'<math aria-label="{escape(tex)}" ', 1))  # noqa: S704 # the converter builds an XML tree, which escapes what it is given
