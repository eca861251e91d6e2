"""How many features a stack of layers gives for one picture."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["flat_features"]


def flat_features(features: nn.Module, in_channels: int, size: tuple[int, ...]) -> int:
    """The number of features per picture, found by running one through in evaluation mode."""
    training = features.training
    with torch.no_grad():
        count = features.eval()(torch.zeros(1, in_channels, *size)).shape[1]
    features.train(training)
    return int(count)
