"""The models by name, and any other by import path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import nn

from lossbench.errors import RequestError, UnknownNameError
from lossbench.imports import import_own, source_digest
from lossbench.models.cnn8 import cnn8
from lossbench.models.own import build_own
from lossbench.models.resnet import resnet20, resnet32, resnet50
from lossbench.models.small import cnn, lenet5, mlp
from lossbench.rng import torch_stream

__all__ = ["MODELS", "ModelEntry", "build", "check_model", "model_digest"]


@dataclass(frozen=True)
class ModelEntry:
    """A model of the catalogue.

    Args:
        builder: (num_classes, in_channels, size) -> module.
        version: raised when its outputs or first weights change; part of a trial's key.
        smallest: the least height and width that it takes.
        description: one line.
    """

    builder: Callable[[int, int, tuple[int, int]], nn.Module]
    version: int
    smallest: int
    description: str


MODELS: Mapping[str, ModelEntry] = MappingProxyType(
    {
        "mlp": ModelEntry(mlp, 1, 1, "one hidden layer of 256 units"),
        "lenet5": ModelEntry(lenet5, 1, 12, "LeNet-5 with ReLU and max pooling (LeCun et al. 1998)"),
        "cnn": ModelEntry(cnn, 1, 8, "three conv-BN-ReLU-pool blocks of 16, 32, 64 channels; the default"),
        "cnn8": ModelEntry(cnn8, 1, 8, "six convolutions with batch norm, two linear layers (Ma et al. 2020)"),
        "resnet20": ModelEntry(resnet20, 1, 8, "residual network for small pictures (He et al. 2016)"),
        "resnet32": ModelEntry(resnet32, 1, 8, "the same, of five blocks a stage instead of three"),
        "resnet50": ModelEntry(resnet50, 1, 8, "bottleneck blocks, for small pictures (Mukhoti et al. 2020); for GPUs"),
    }
)


def check_model(name: str) -> None:
    """Checks that a name is in the catalogue, or that `module:callable` can be imported.

    Raises:
        RequestError: it is neither.
    """
    if ":" in name:
        import_own(name, "models")
    elif name not in MODELS:
        near = UnknownNameError("models", name, MODELS)
        raise RequestError("models", f"{near.allowed} or module:callable", name, near.hint)


def model_digest(name: str) -> str | None:
    """A digest of the source of a user's own model, so that an edited one trains anew; None for the catalogue's."""
    return source_digest(name, "models") if ":" in name else None


def build(name: str, num_classes: int, in_channels: int, size: tuple[int, int], seed: int) -> nn.Module:
    """The model with the first weights of a seed.

    Args:
        name: of the catalogue, or `module:callable`, called as callable(num_classes=..., in_channels=...).
        num_classes: how many logits it gives.
        in_channels: channels of a picture.
        size: height and width of a picture, in pixels.
        seed: what the weights are drawn from, by the stream "weights".

    Raises:
        RequestError: an unknown name, pictures too small for it, or a callable that does not give such a model.
    """
    check_model(name)
    with torch_stream(seed, "weights"):
        if ":" in name:
            return build_own(name, num_classes, in_channels, size)
        entry = MODELS[name]
        if min(size) < entry.smallest:
            allowed = f"pictures of at least {entry.smallest}×{entry.smallest} pixels for {name}"
            fitting = [other for other, candidate in MODELS.items() if candidate.smallest <= min(size)]
            raise RequestError("models", allowed, f"{size[0]}×{size[1]}", f"{', '.join(fitting)} would take them")
        return entry.builder(num_classes, in_channels, size)
