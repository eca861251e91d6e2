"""Losses that see each class as a question of its own."""

from __future__ import annotations

from lossbench.losses.card import LossCard

__all__ = ["CARDS"]

CARDS: tuple[LossCard, ...] = ()
