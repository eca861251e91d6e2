"""The models by name, and any other by import path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import nn

from lossbench.errors import RequestError, UnknownNameError
from lossbench.imports import source_digest
from lossbench.losses.fingerprint import fingerprint
from lossbench.models.cnn8 import cnn8
from lossbench.models.libraries import build_library_model, check_library_model, is_library_model, library_digest
from lossbench.models.own import Maker, build_own, found_own_model
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
        vectors: whether it takes feature vectors, too.
    """

    builder: Callable[[int, int, tuple[int, ...]], nn.Module]
    version: int
    smallest: int
    description: str
    vectors: bool = False


MODELS: Mapping[str, ModelEntry] = MappingProxyType(
    {
        "mlp": ModelEntry(mlp, 1, 1, "one hidden layer of 256 units; for feature vectors, too", vectors=True),
        "lenet5": ModelEntry(lenet5, 1, 12, "LeNet-5 with ReLU and max pooling (LeCun et al. 1998)"),
        "cnn": ModelEntry(cnn, 1, 8, "three conv-BN-ReLU-pool blocks of 16, 32, 64 channels; the default"),
        "cnn8": ModelEntry(cnn8, 1, 8, "six convolutions with batch norm, two linear layers (Ma et al. 2020)"),
        "resnet20": ModelEntry(resnet20, 1, 8, "residual network for small pictures (He et al. 2016)"),
        "resnet32": ModelEntry(resnet32, 1, 8, "the same, of five blocks a stage instead of three"),
        "resnet50": ModelEntry(resnet50, 1, 8, "bottleneck blocks, for small pictures (Mukhoti et al. 2020); for GPUs"),
    }
)


def check_model(name: str, function: Maker | None = None) -> None:
    """Checks that a name is in the catalogue or in a library of models, or that `module:callable` can be imported.

    Args:
        name: as the user wrote it.
        function: of a model that was given as a Python object, what makes it.

    Raises:
        RequestError: it is none of these.
    """
    if is_library_model(name):
        check_library_model(name)
    elif ":" in name:
        found_own_model(name, function)
    elif name not in MODELS:
        near = UnknownNameError("models", name, MODELS)
        raise RequestError("models", f"{near.allowed}, timm:NAME, torchvision:NAME or module:callable", name, near.hint)


def model_digest(name: str, function: Maker | None = None) -> str | None:
    """A digest of what makes a model, so that an edited one trains anew; None for the catalogue's.

    Of a user's own it is of its source; of a library's, of its version, and of the weights that it was trained to.

    Args:
        name: as the user wrote it.
        function: of a model that was given as a Python object, what makes it.
    """
    if is_library_model(name):
        return library_digest(name)
    if function is not None:
        return fingerprint(function, "models")
    return source_digest(name, "models") if ":" in name else None


def build(
    name: str,
    num_classes: int,
    in_channels: int,
    size: tuple[int, ...],
    seed: int,
    function: Maker | None = None,
    *,
    fetched: bool = True,
) -> nn.Module:
    """The model with the first weights of a seed.

    Args:
        name: of the catalogue, `timm:NAME`, `torchvision:NAME`, or `module:callable`, called as
            callable(num_classes=..., in_channels=...).
        num_classes: how many logits it gives.
        in_channels: channels of a picture, or features of a vector.
        size: height and width of a picture, in pixels; empty for feature vectors.
        seed: what the weights are drawn from, by the stream "weights".
        function: of a model that was given as a Python object, what makes it.
        fetched: whether the weights that a library trained its model to are fetched, where the name asks for them; not
            where kept ones will come into their place.

    Raises:
        RequestError: an unknown name, data that it does not take, or a callable that does not give such a model.
    """
    check_model(name, function)
    with torch_stream(seed, "weights"):
        if is_library_model(name):
            return build_library_model(name, num_classes, in_channels, size, fetched=fetched)
        if ":" in name:
            return build_own(name, num_classes, in_channels, size, function)
        entry = MODELS[name]
        _check_size(name, entry, size)
        return entry.builder(num_classes, in_channels, size)


def _check_size(name: str, entry: ModelEntry, size: tuple[int, ...]) -> None:
    """Raises a RequestError unless a model of the catalogue takes such data."""
    if not size and not entry.vectors:
        fitting = [other for other, candidate in MODELS.items() if candidate.vectors]
        hint = f"{', '.join(fitting)} and module:callable take them"
        raise RequestError("models", f"pictures for {name}", "feature vectors", hint)
    if min(size, default=entry.smallest) < entry.smallest:
        allowed = f"pictures of at least {entry.smallest}×{entry.smallest} pixels for {name}"
        fitting = [other for other, candidate in MODELS.items() if candidate.smallest <= min(size)]
        hint = f"{', '.join(fitting)} would take them, or --size {entry.smallest} resizes them"
        raise RequestError("models", allowed, "×".join(map(str, size)), hint)
