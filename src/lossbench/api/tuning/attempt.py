"""`Attempt`: one setting of a loss, and what training with it gave on validation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lossbench.api.tuning.space import Settings

__all__ = ["Attempt", "Ending", "best_of"]

Ending = Literal["finished", "pruned", "diverged", "failed"]


@dataclass(frozen=True)
class Attempt:
    """One trial of tuning.

    Args:
        number: counted from 1; the first has the study's own values.
        settings: what was trained with.
        value: the metric on validation after the last epoch, a mean over the tuning seeds; None unless it finished.
        epochs: how many were trained.
        status: `finished`; `pruned`, given up for being worse than the median of the earlier ones; `diverged`; or
            `failed`, by an error of a user's own code.
        seconds: how long it took.
        reason: why it diverged or failed.
    """

    number: int
    settings: Settings
    value: float | None
    epochs: int
    status: Ending
    seconds: float
    reason: str = ""


def best_of(attempts: Sequence[Attempt], *, lower: bool) -> Attempt | None:
    """The finished attempt with the best value, of equal ones the first; None where none finished."""
    finished = [one for one in attempts if one.value is not None]
    return min(finished, key=lambda one: _badness(one, lower=lower), default=None)


def _badness(attempt: Attempt, *, lower: bool) -> float:
    value = math.inf if attempt.value is None else attempt.value
    return value if lower else -value
