"""`Finding`: one thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State"]

State = Literal["ok", "missing", "broken"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        group: what it belongs to: `versions`, `machine`, `training`, `folders` or `optional`.
        name: what was looked at.
        value: what was found, in words.
        state: `ok`, `missing` where something is not here that is not needed, `broken` where something is needed.
        hint: what helps, for what is missing or broken.
    """

    group: str
    name: str
    value: str
    state: State = "ok"
    hint: str = ""
