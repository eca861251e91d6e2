"""Numbers, lists and labels in running text: the few rules that every sentence keeps."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

__all__ = [
    "FSI",
    "MANY_SEEDS",
    "MOST_ROWS",
    "PDI",
    "capital",
    "counted",
    "fixed",
    "isolate",
    "listed",
    "oxford",
    "p_value",
    "plain",
    "shortened",
    "signed",
    "significant",
    "slug",
]

FSI, PDI = "\u2068", "\u2069"  # Unicode's isolates: what stands between them cannot turn the text around it

MANY_SEEDS = 30
"""Seeds of a loss that are drawn and named one by one; of more, where they lie is told. It is the most that a study has
that adds seeds until everything is decided."""

MOST_ROWS = 200
"""Trials that one table lists; of more it says how many they are, and of a report a file beside it lists them."""

_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MINUS = "\u2212"
_ROUNDING = 1e-15  # metrics are of the order of 1, and rounded to 1e-16


def isolate(label: str) -> str:
    """A name from outside, isolated; its own overrides are shown by number, for one of them could end the isolation."""
    return FSI + _BIDI.sub(lambda match: f"\\u{ord(match[0]):04x}", label) + PDI


def plain(text: str) -> str:
    """The text without isolates, for places that show them as boxes."""
    return text.replace(FSI, "").replace(PDI, "")


def listed(items: Iterable[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    parts = list(items)
    return f" {word} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def oxford(labels: Iterable[str], word: str = "and") -> str:
    """The same for labels, each isolated."""
    return listed((isolate(label) for label in labels), word)


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 seed`, `5 seeds`; thousands are separated."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def fixed(value: float, digits: int = 3) -> str:
    """A number for reading: three decimals, more where they would show nothing but zeros, a true minus."""
    if not math.isfinite(value):
        return "not finite"
    if value and abs(value) < 10**-digits:
        text = f"{value:.1e}" if abs(value) < 1e-4 else f"{value:.4f}"
    else:
        text = f"{value:.{digits}f}" if abs(value) < 1000 else f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.2e}"
    return text.replace("-", _MINUS)


def significant(value: float) -> str:
    """A number for reading where its size may be anything: three significant digits, a true minus."""
    rounded = float(f"{value:.3g}")
    if rounded == 0 or not 1e-4 <= abs(rounded) < 1000:
        return fixed(rounded) if rounded else "0"
    return f"{rounded:#.3g}".rstrip(".").replace("-", _MINUS)


def signed(value: float) -> str:
    """The same with its sign: differences; what is left of equal sums by rounding is none."""
    value = 0.0 if abs(value) < _ROUNDING else value
    return fixed(value) if value < 0 else "+" + fixed(value)


def p_value(p: float) -> str:
    """`= 0.012`, `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def shortened(label: str, most: int) -> str:
    """A label that is too long for its place without its middle; its end, with the hyperparameters, tells it apart."""
    return label if len(label) <= most else f"{label[: most // 3]}…{label[len(label) - (most - most // 3 - 1) :]}"


def capital(sentence: str) -> str:
    """The sentence with a capital, unless it starts with a label, which is written as it is."""
    return sentence[:1].upper() + sentence[1:]


def slug(label: str, taken: Sequence[str] = ()) -> str:
    """A label as part of a file's name: `focal-gamma-0.5`; a number is added where another label came out the same."""
    words = re.findall(r"[a-z0-9]+(?:\.[0-9]+)*", label.lower())
    stem = "-".join(words)[:60].rstrip("-.") or "loss"
    name, count = stem, 1
    while name in taken:
        count += 1
        name = f"{stem}-{count}"
    return name
