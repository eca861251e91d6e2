"""The site's own style: the figures' colours in light and in dark, formulas, drawings."""

from __future__ import annotations

from lossbench.report.inline import css_colors

__all__ = ["STYLE"]

_RULES = """\
:root { --md-primary-fg-color: #0a3d62; --md-primary-fg-color--light: #2d76a1; --md-primary-fg-color--dark: #072c47;
  --md-accent-fg-color: #0072b2; }
[data-md-color-scheme="default"] { --md-typeset-a-color: #0a5c9e; }
[data-md-color-scheme="slate"] { --md-typeset-a-color: #79bdf2; --md-accent-fg-color: #58abe4; }
.md-typeset .formula { overflow-x: auto; padding: .4em 0; font-size: 1.1em; }
.md-typeset .formula math { text-align: left; width: max-content; margin: 0; }
.md-typeset figure.drawn { display: block; width: 100%; text-align: left; margin: 1em 0; overflow-x: auto; }
.md-typeset figure.drawn svg { width: 100%; max-width: calc(var(--w, 560) * 1px); min-width: 520px; height: auto; }
.md-typeset figure.drawn figcaption { max-width: none; margin: .3em 0; font-style: normal; }
svg.rooms { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg.rooms .line { stroke: var(--grid); fill: none; }
svg.rooms .own { fill: var(--grid); }
svg.rooms .import { fill: var(--heat); }
.md-typeset table:not([class]) code { overflow-wrap: anywhere; }
.md-typeset .output { overflow-x: auto; font-size: .68rem; line-height: 1.45; border-left: 3px solid var(--axis);
  padding-left: 1em; margin: -.4em 0 1em; }
.md-typeset .output pre { white-space: pre-wrap; margin: .4em 0; }
.md-typeset .output svg { max-width: 100%; height: auto; }
"""


def _variables(values: dict[str, str]) -> str:
    return "".join(f" --{name}: {value};" for name, value in values.items())


_LIGHT, _DARK = css_colors()

STYLE = (
    f'[data-md-color-scheme="default"] {{{_variables(_LIGHT)} }}\n'
    f'[data-md-color-scheme="slate"] {{{_variables(_DARK)} }}\n{_RULES}'
)
"""The style sheet `assets/site.css`."""
