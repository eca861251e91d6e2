"""After how many seeds a study that runs until it is decided is looked at; settled before its first trial."""

from __future__ import annotations

__all__ = ["LOOKS", "looks_up_to"]

LOOKS = (3, 5, 8, 12, 18, 30)
"""How many seeds each look sees."""


def looks_up_to(seeds: int) -> tuple[int, ...]:
    """The looks of a study of so many seeds at most."""
    return tuple(look for look in LOOKS if look <= seeds)
