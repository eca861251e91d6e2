"""Losses compute in float32 or wider, whatever the autocast gave them."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["widen"]


def widen(logits: Tensor) -> Tensor:
    """The logits in float32 if they came narrower (bfloat16, float16), else as they are; any shape."""
    return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits
