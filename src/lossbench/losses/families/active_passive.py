"""Normalised losses, alone and beside a passive one."""

from __future__ import annotations

from lossbench.losses.card import LossCard

__all__ = ["CARDS"]

CARDS: tuple[LossCard, ...] = ()
