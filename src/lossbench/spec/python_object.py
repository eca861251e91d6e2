"""A user's own function, class or object by a name: its import path where one leads to it, else `python:NAME`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import reduce
from typing import Any

from lossbench.errors import RequestError

__all__ = ["PREFIX", "named_object"]

PREFIX = "python:"  # stands in the place of the module where no import path leads to an object

Kept = Callable[..., Any] | None


def named_object(function: Callable[..., Any], name: str, field: str, allowed: str) -> tuple[str, Kept]:
    """What a study writes for an object, and the object itself where nothing else leads to it.

    Args:
        function: a function, a class, or an object that can be called.
        name: what to call it; its own name when it is empty.
        field: what a complaint is about.
        allowed: what would do, of an object without a name.

    Raises:
        RequestError: it has no name.
    """
    module, own = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if not name and module != "__main__" and _found(module, own) is function:
        return f"{module}:{own}", None
    called = name or getattr(function, "__name__", type(function).__name__)
    if not called.isidentifier():
        raise RequestError(field, allowed, called)
    return f"{PREFIX}{called}", function


def _found(module: str, name: str) -> object:
    """What an import path leads to in modules that are loaded; None where that is nothing."""
    return reduce(lambda found, part: getattr(found, part, None), name.split("."), sys.modules.get(module))
