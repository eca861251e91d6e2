"""Between cross entropy and the mean absolute error: functions of the probability of the true class."""

from __future__ import annotations

from lossbench.losses.card import LossCard

__all__ = ["CARDS"]

CARDS: tuple[LossCard, ...] = ()
