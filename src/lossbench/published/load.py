"""Reads the published tables that come with lossbench."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from lossbench.errors import UnknownNameError
from lossbench.published.types import Published, Reported, Setting

__all__ = ["names", "published"]

_ENDING = ".yaml"


@cache
def names() -> tuple[str, ...]:
    """The tables that there are, sorted."""
    found = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(_ENDING) for name in found if name.endswith(_ENDING)))


@cache
def published(name: str) -> Published:
    """A table by its name.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in names():
        raise UnknownNameError("published", name, names())
    values = yaml.safe_load(_folder().joinpath(name + _ENDING).read_text(encoding="utf-8"))
    setting, rows = values.pop("setting", None), values.pop("rows", ())
    return Published(
        name,
        **{**values, "notes": tuple(values.get("notes", ()))},
        setting=Setting(**setting) if setting else None,
        rows=tuple(Reported(**row) for row in rows),
    )


def _folder() -> Traversable:
    return files("lossbench.published") / "data"
