"""Logits that are adjusted by class while training."""

from __future__ import annotations

from lossbench.losses.card import LossCard

__all__ = ["CARDS"]

CARDS: tuple[LossCard, ...] = ()
