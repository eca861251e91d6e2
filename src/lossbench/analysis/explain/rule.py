"""`Rule`: what a rule is, and what it reads off one trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lossbench.analysis.explain.observed import Observed

__all__ = ["Reading", "Rule"]


@dataclass(frozen=True)
class Reading:
    """What a rule found in one trial.

    Args:
        holds: whether the rule holds.
        values: the quantities that it rests on, by name.
    """

    holds: bool
    values: Mapping[str, float]


@dataclass(frozen=True)
class Rule:
    """One measured explanation.

    Args:
        name: as `Explanation.rule` has it.
        threshold: the number that decides.
        definition: one line that states what is measured and where the thresholds lie.
        read: looks at one trial; None where what the rule needs was not recorded, so that it does not speak.
        of_diverged: whether it speaks of diverged trials too, not of finished ones alone.
    """

    name: str
    threshold: float
    definition: str
    read: Callable[[Observed], Reading | None]
    of_diverged: bool = False
