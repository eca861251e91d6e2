"""`Condition`: one model on one scenario, in one recipe; a study compares its losses within each of its conditions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FIXED", "TUNED", "Condition", "slugs"]

FIXED = "fixed"
"""The recipe as it was asked for."""

TUNED = "tuned"
"""The recipe and hyperparameters that an equal tuning budget chose for each loss."""

_NO_LETTERS = re.compile(r"[^\w.]+")
_LONGEST_SLUG = 80


@dataclass(frozen=True)
class Condition:
    """What is the same for every loss that is compared with another.

    Args:
        model: its name.
        scenario: as it is printed.
        recipe: `fixed`, or `tuned` for each loss with what tuning chose.
    """

    model: str
    scenario: str
    recipe: str = FIXED

    def told(self, among: Sequence[Condition]) -> str:
        """What tells it apart from others: `lenet5, noise(symmetric, 0.4)`; empty where it is alone."""
        parts = []
        for name in ("model", "scenario", "recipe"):
            if len({getattr(other, name) for other in among}) > 1:
                value = str(getattr(self, name))
                parts.append(f"{value} recipe" if name == "recipe" else value)
        return ", ".join(parts)


def slugs(conditions: Sequence[Condition]) -> dict[Condition, str]:
    """A folder's name for each condition of a study, no two alike; it stays when others join."""
    found: dict[Condition, str] = {}
    for condition in conditions:
        parts = [condition.model.rpartition(":")[2], condition.scenario]
        parts += [] if condition.recipe == FIXED else [condition.recipe]
        words = _NO_LETTERS.sub("-", "-".join(parts).lower()).strip("-.") or "condition"
        base = words.encode()[:_LONGEST_SLUG].decode(errors="ignore").strip("-.")
        name, number = base, 2
        while name in found.values():
            name, number = f"{base}-{number}", number + 1
        found[condition] = name
    return found
