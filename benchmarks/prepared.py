"""Pictures normalised beforehand."""

from __future__ import annotations

import torch
from torch import Tensor

from lossbench.data import Pictures, Split

__all__ = ["prepared"]


def prepared(pictures: Pictures, split: Split) -> tuple[Tensor, Tensor]:
    """Normalised pictures, float32 (n, channels, height, width), and labels, int64 (n,), of one split."""
    mean, std = (torch.tensor(values, dtype=torch.float32) for values in pictures.normalisation())
    normalised = (torch.from_numpy(split.pictures).float() / 255 - mean) / std  # (n, height, width, channels)
    return normalised.permute(0, 3, 1, 2).contiguous(), torch.from_numpy(split.labels)
