"""Modules of every loss, and batches for them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lossbench.losses import CATALOGUE, bind
from lossbench.nn import CLASSES, LossModule, ProgressLossModule
from lossbench.nn.names import class_name
from lossbench.rng import torch_generator
from lossbench.spec import LossSpec

NAMES = tuple(CATALOGUE)
COUNTS = (50, 40, 30, 20, 10)
CLASSES_MADE = len(COUNTS)
COUPLED = tuple(name for name in NAMES if "batch" in CATALOGUE[name].card.needs)


def made(name: str, **options: Any) -> LossModule:
    """The module of a loss, with what it needs: class counts of five classes, and late progress."""
    cls = CLASSES[class_name(name)]
    if "class_counts" in cls.card.needs:
        options.setdefault("class_counts", COUNTS)
    module = cls(**options)
    if isinstance(module, ProgressLossModule):
        module.progress = 0.9
    return module


def batch(*more: int, n: int = 8, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Logits (n, 5, *more) that want a gradient, and class indices (n, *more)."""
    generator = torch_generator(0, "nn")
    logits = 2 * torch.randn(n, CLASSES_MADE, *more, generator=generator, dtype=dtype)
    target = torch.randint(0, CLASSES_MADE, (n, *more), generator=generator)
    return logits.requires_grad_(), target


def probabilities(logits: Tensor) -> Tensor:
    """Class probabilities in the shape of the logits, other ones than theirs."""
    return logits.detach().flip(0).softmax(dim=1)


def in_catalogue(module: LossModule, logits: Tensor, target: Tensor, seed: int = 0) -> Tensor:
    """What the catalogue's function gives for the same, (batch,)."""
    return bind(LossSpec.parse(module.text), COUNTS)(
        logits, target, progress=0.9, generator=torch_generator(seed, "draw")
    )
