"""What the page's JavaScript is given: every chart with its tables packed small, and the chart library."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import vl_convert
from markupsafe import Markup

from lossbench.figures import Figure
from lossbench.figures.interactive import interactive
from lossbench.figures.style import VEGA_LITE
from lossbench.report.inline import css_variable

__all__ = ["embedded", "library"]

_DIGITS = 6  # significant ones, of the numbers that charts draw; tables and specifications beside the page have all


def embedded(figure: Figure, last_epoch: int) -> Markup:
    """A figure's chart as JSON for a script element: tables by column, colours as the page's variables."""
    spec = interactive(figure, last_epoch)
    tables = {name: packed(rows) for name, rows in spec.pop("datasets", {}).items()}
    text = json.dumps({"spec": _coloured(spec), "tables": tables}, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 # nothing in it can end the element that it stands in


def packed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A table by column: `[value]` for a constant, `{"is": values, "at": places}` for words, else its values."""
    names = list(rows[0]) if rows else []
    return {"rows": len(rows), "columns": {name: _column([row[name] for row in rows]) for name in names}}


@cache
def library() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, compressed and in base64; 0.4 MB."""
    bundle = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg] # its stub forgets the default
    return base64.b64encode(gzip.compress(bundle.encode(), compresslevel=9, mtime=0)).decode()


def _column(values: Sequence[Any]) -> Any:
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        return {"all": _short(distinct[0])}
    if any(isinstance(value, str) for value in distinct):
        places = {value: place for place, value in enumerate(distinct)}
        return {"is": distinct, "at": [places[value] for value in values]}
    return [_short(value) for value in values]


def _short(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def _coloured(value: Any) -> Any:
    """The specification with every colour that the page has a variable for replaced by it."""
    if isinstance(value, Mapping):
        return {name: _coloured(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_coloured(item) for item in value]
    return css_variable(value) if isinstance(value, str) else value
