"""Margins between classes."""

from __future__ import annotations

from lossbench.losses.card import LossCard

__all__ = ["CARDS"]

CARDS: tuple[LossCard, ...] = ()
