"""`cnn8`: the eight-layer network of the literature on noisy labels."""

from __future__ import annotations

from torch import nn

from lossbench.models.flat import flat_features

__all__ = ["cnn8"]


def cnn8(num_classes: int, in_channels: int, size: tuple[int, ...]) -> nn.Module:
    """Six 3×3 convolutions with batch norm and ReLU, and two linear layers.

    The convolutions have 64, 64, 128, 128, 196, 196 channels, with max pooling after each pair, and start
    Kaiming-uniform; the linear layers start Xavier-uniform.

    References:
        Ma, Huang, Wang, Romano, Erfani, Bailey, 2020, Normalized Loss Functions for Deep Learning with Noisy Labels,
        arXiv:2006.13554.
    """
    layers: list[nn.Module] = []
    channels = in_channels
    for width in (64, 128, 196):
        for _ in range(2):
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    features = nn.Sequential(*layers, nn.Flatten())
    hidden = nn.Linear(flat_features(features, in_channels, size), 256)
    model = nn.Sequential(features, hidden, nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, num_classes))
    model.apply(_initialise)
    return model


def _initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    elif isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
