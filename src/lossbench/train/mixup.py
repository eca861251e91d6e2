"""Mixup: a batch mixed with itself in another order, pictures and labels alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

__all__ = ["Mix", "draw_mixes"]


@dataclass(frozen=True, eq=False)
class Mix:
    """How one batch is mixed.

    Args:
        share: of each picture itself, 0 to 1; the rest is its partner's.
        partners: the place of each picture's partner in the batch, int64 (batch,).

    References:
        Zhang, Cisse, Dauphin, Lopez-Paz, 2018, mixup: Beyond Empirical Risk Minimization, arXiv:1710.09412.
    """

    share: float
    partners: Tensor

    def pictures(self, inputs: Tensor) -> Tensor:
        """Prepared pictures (batch, channels, height, width), mixed, in the memory format that they had."""
        return torch.lerp(inputs[self.partners], inputs, self.share)

    def target(self, labels: Tensor, num_classes: int) -> Tensor:
        """Labels (batch,) as class probabilities (batch, classes), float32, mixed in the same shares."""
        rows = one_hot(labels, num_classes).float()
        return torch.lerp(rows[self.partners], rows, self.share)


def draw_mixes(
    alpha: float, sizes: Sequence[int], generator: np.random.Generator, device: torch.device
) -> tuple[Mix, ...]:
    """One mix for each batch of an epoch, its share drawn from Beta(alpha, alpha).

    Args:
        alpha: small ones leave most batches nearly as they are, large ones mix half and half.
        sizes: of the batches.
        generator: of the epoch.
        device: of the pictures.
    """
    mixes = []
    for size in sizes:
        share = float(generator.beta(alpha, alpha))
        mixes.append(Mix(share, torch.from_numpy(generator.permutation(size)).to(device)))
    return tuple(mixes)
