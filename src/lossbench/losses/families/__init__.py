"""The losses, one family a file: pure functions, each with its card beside it.

A family's module has `CARDS`, a function by the name on each card, and `LINKS` where the probabilities of a loss are
not softmax of its logits.
"""

from __future__ import annotations

from types import ModuleType

from lossbench.losses.families import (
    active_passive,
    adjustment,
    bootstrapping,
    calibration,
    cross_entropy,
    divergence,
    focal,
    generalised,
    margins,
    one_vs_all,
    regression,
    reweighting,
    symmetric,
)

__all__ = ["FAMILIES"]

FAMILIES: tuple[ModuleType, ...] = (
    regression,
    cross_entropy,
    focal,
    calibration,
    one_vs_all,
    generalised,
    symmetric,
    active_passive,
    divergence,
    bootstrapping,
    reweighting,
    adjustment,
    margins,
)
"""In the order in which the catalogue shows them."""
