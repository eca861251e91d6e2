"""`name(value, key=value)`: the one written form of losses and scenario parts, parsed and printed here."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from keyword import iskeyword

from lossbench.errors import RequestError

__all__ = [
    "Call",
    "Quotes",
    "Value",
    "check_unicode",
    "parse_arguments",
    "parse_call",
    "plain_value",
    "print_call",
    "print_value",
    "split_outside",
]

Value = None | bool | float | str | tuple[float, ...]

_LONGEST = 1000
_WORDS: dict[str, Value] = {"none": None, "null": None, "true": True, "false": False}
_FORM = "name or name(key=value, ...)"
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_PATH = re.compile(r"\s*([^\W\d][\w.]*:[^\W\d][\w.]*)\s*(\(.*)?", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """A parsed call: its name, what stood without a key, and what stood with one."""

    name: str
    arguments: tuple[Value, ...]
    keywords: Mapping[str, Value]


def parse_call(text: str, field: str) -> Call:
    """Reads `focal(gamma=0.5)`, and `my_module:make(alpha=2)` with an import path for a name.

    Args:
        text: what was written.
        field: what the complaint is about when it cannot be read.

    Raises:
        RequestError: the text is not of that form.
    """
    if len(text) > _LONGEST:
        raise RequestError(field, f"{_FORM} of at most {_LONGEST} characters", text)
    path = _PATH.fullmatch(text)
    if path:
        call = parse_arguments(path[2] or "()", field, text)
        return Call(path[1], call.arguments, call.keywords)
    try:
        with warnings.catch_warnings():  # Python warns of odd literals, which are refused below
            warnings.simplefilter("ignore")
            node = ast.parse(text.strip(), mode="eval").body
        if isinstance(node, ast.Name):
            return Call(node.id, (), {})
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            arguments = tuple(_value(argument) for argument in node.args)
            keywords = {str(keyword.arg): _value(keyword.value) for keyword in node.keywords if keyword.arg}
            if len(keywords) == len(node.keywords):
                return Call(node.func.id, arguments, keywords)
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        pass
    raise RequestError(field, _FORM, text)


def parse_arguments(written: str, field: str, text: str) -> Call:
    """Reads `(gamma=0.5)` alone.

    Args:
        written: parentheses with what is between them.
        field: what the complaint is about when it cannot be read.
        text: what it is a part of, which the complaint shows.

    Raises:
        RequestError: it is not of that form.
    """
    try:
        return parse_call(f"_{written}", field)
    except RequestError as error:
        raise RequestError(field, error.allowed, text) from None


def print_call(name: str, keywords: Mapping[str, Value]) -> str:
    """The text that `parse_call` reads back: keys sorted, `2` for 2.0, `none`, `true`."""
    inside = ", ".join(f"{key}={print_value(value)}" for key, value in sorted(keywords.items()))
    return f"{name}({inside})" if inside else name


def split_outside(text: str, separator: str = ",") -> list[str]:
    """Splits at the separators that stand outside parentheses and brackets; empty parts are dropped.

    Parentheses inside a quoted value, as in `noise(file, 'a) b.csv')`, are part of it.
    """
    quotes = Quotes(text)
    parts, begun, depth, place = [], 0, 0, 0
    while place < len(text):
        character = text[place]
        depth += (character in "([") - (character in ")]")
        if character == separator and depth <= 0:
            parts.append(text[begun:place])
            begun = place + 1
        place = (quotes.end(place) if depth > 0 else place) + 1
    parts.append(text[begun:])
    return [part.strip() for part in parts if part.strip()]


class Quotes:
    """Where the quoted values of a text end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._unended: set[str] = set()

    def end(self, place: int) -> int:
        """The place of the quote that ends the value beginning here; the place itself where none begins.

        A quote that nothing ends, as the apostrophe in `cat's`, is a character like any other, and so is every later
        one of its kind: each is looked for once, however many there are.
        """
        quote = self.text[place]
        if quote not in "'\"" or quote in self._unended:
            return place
        found = _QUOTED.match(self.text, place)
        if found is None:
            self._unended.add(quote)
            return place
        return found.end() - 1


def _value(node: ast.expr) -> Value:
    if isinstance(node, ast.Name):
        return _WORDS.get(node.id.lower(), node.id)
    literal = ast.literal_eval(node)
    if isinstance(literal, list | tuple):
        return tuple(_number(item) for item in literal)
    if literal is None or isinstance(literal, bool | str):
        return literal
    return _number(literal)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    return float(value) + 0.0  # -0.0 becomes 0.0: they are equal, and shall be one key


def plain_value(value: Value) -> Value:
    """The value with every number a float and every list a tuple, so that `2` and `2.0` are one key.

    Raises:
        ValueError: a number that is not finite, which no JSON can hold, or a list of something else than numbers.
    """
    if isinstance(value, tuple | list):
        return tuple(_finite_float(item) for item in value)
    return _finite_float(value) if isinstance(value, float | int) and not isinstance(value, bool) else value


def _finite_float(value: float) -> float:
    try:
        number = float(value) + 0.0
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("a finite number")
    return number


def check_unicode(text: str) -> str:
    """The text, if it can be written to a file: half of a surrogate pair cannot.

    Raises:
        ValueError: it cannot.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("text that is valid Unicode")
    return text


def print_value(value: Value) -> str:
    """One value as `print_call` writes it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(print_value(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | int):
        return repr(float(value)).removesuffix(".0")
    bare = value.isascii() and value.isidentifier() and not iskeyword(value) and value.lower() not in _WORDS
    return value if bare else repr(value)
