"""`name(value, key=value)`: the one written form of losses and scenario parts, parsed and printed here."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from keyword import iskeyword

from lossbench.errors import RequestError

__all__ = ["Call", "Value", "parse_call", "plain_value", "print_call", "print_value", "split_outside"]

Value = None | bool | float | str | tuple[float, ...]

_LONGEST = 1000
_WORDS: dict[str, Value] = {"none": None, "null": None, "true": True, "false": False}
_FORM = "name or name(key=value, ...)"
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
        call = parse_call(f"own{path[2] or ''}", field)
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


def print_call(name: str, keywords: Mapping[str, Value]) -> str:
    """The text that `parse_call` reads back: keys sorted, `2` for 2.0, `none`, `true`."""
    inside = ", ".join(f"{key}={print_value(value)}" for key, value in sorted(keywords.items()))
    return f"{name}({inside})" if inside else name


def split_outside(text: str, separator: str = ",") -> list[str]:
    """Splits at the separators that stand outside parentheses and brackets; empty parts are dropped."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == separator and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


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
    """The value with every number a float and every list a tuple, so that `2` and `2.0` are one key."""
    if isinstance(value, tuple | list):
        return tuple(float(item) + 0.0 for item in value)
    return float(value) + 0.0 if isinstance(value, float | int) and not isinstance(value, bool) else value


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
