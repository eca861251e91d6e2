"""Typed numbers, for whoever checks them to refuse in the product's own words."""

from __future__ import annotations

__all__ = ["number"]


def number(text: str) -> object:
    """A typed number as a number; anything else as it is, for the check that comes later to name and refuse."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
