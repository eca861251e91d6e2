"""Small networks: `mlp`, `lenet5`, `cnn`. Each takes pictures (batch, channels, height, width) and gives logits."""

from __future__ import annotations

import math

from torch import nn

from lossbench.models.flat import flat_features

__all__ = ["cnn", "lenet5", "mlp"]


def mlp(num_classes: int, in_channels: int, size: tuple[int, ...]) -> nn.Module:
    """One hidden layer of 256 units; it takes feature vectors (batch, in_channels), too, whose size is empty."""
    inputs = in_channels * math.prod(size)
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 256), nn.ReLU(), nn.Linear(256, num_classes))


def lenet5(num_classes: int, in_channels: int, size: tuple[int, ...]) -> nn.Module:
    """LeNet-5 with ReLU and max pooling, as it is usually written today.

    Pictures smaller than 32×32 are padded by 2 in the first convolution, as 28×28 digits were. ReLU stands behind
    the pooling: the same function as before it, at a quarter of the work.

    References:
        LeCun, Bottou, Bengio, Haffner, 1998, Gradient-based learning applied to document recognition,
        doi:10.1109/5.726791.
    """
    padding = 2 if min(size) < 32 else 0
    features = nn.Sequential(
        nn.Conv2d(in_channels, 6, 5, padding=padding),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(6, 16, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
    )
    return nn.Sequential(
        features,
        nn.Linear(flat_features(features, in_channels, size), 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, num_classes),
    )


def cnn(num_classes: int, in_channels: int, size: tuple[int, ...]) -> nn.Module:
    """Three blocks of convolution, batch norm, ReLU and pooling with 16, 32 and 64 channels, and a linear layer."""
    blocks: list[nn.Module] = []
    channels = in_channels
    for width in (16, 32, 64):
        blocks += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
        blocks += [nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    features = nn.Sequential(*blocks, nn.Flatten())
    return nn.Sequential(features, nn.Linear(flat_features(features, in_channels, size), num_classes))
