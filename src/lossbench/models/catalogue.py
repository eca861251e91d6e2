"""The models by name, and any other by import path."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from lossbench.errors import LossbenchError, RequestError, UnknownNameError
from lossbench.models.cnn8 import cnn8
from lossbench.models.resnet import resnet20
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
    }
)


def check_model(name: str) -> None:
    """Checks that a name is in the catalogue, or that `module:callable` can be imported.

    Raises:
        RequestError: it is neither.
    """
    if ":" in name:
        _imported(name)
    elif name not in MODELS:
        near = UnknownNameError("models", name, MODELS)
        raise RequestError("models", f"{near.allowed} or module:callable", name, near.hint)


def model_digest(name: str) -> str | None:
    """A digest of the source of a user's own model, so that an edited one trains anew; None for the catalogue's.

    It covers the module that the user named and the one that defines the callable, not what these import.
    """
    if ":" not in name:
        return None
    found = _imported(name)
    while isinstance(found, partial):
        found = found.func
    names = {name.partition(":")[0], getattr(found, "__module__", "")} & set(sys.modules)
    files = [getattr(sys.modules[module], "__file__", None) for module in names]
    sources = sorted(hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files if file)
    return hashlib.sha256("".join(sources).encode()).hexdigest()[:32]


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
            return _checked(name, num_classes, in_channels, size)
        entry = MODELS[name]
        if min(size) < entry.smallest:
            allowed = f"pictures of at least {entry.smallest}×{entry.smallest} pixels for {name}"
            fitting = [other for other, candidate in MODELS.items() if candidate.smallest <= min(size)]
            raise RequestError("models", allowed, f"{size[0]}×{size[1]}", f"{', '.join(fitting)} would take them")
        return entry.builder(num_classes, in_channels, size)


def _checked(name: str, num_classes: int, in_channels: int, size: tuple[int, int]) -> nn.Module:
    """A user's own model, tried on two black pictures."""
    allowed = (
        f"{name} to give a torch.nn.Module with {num_classes} logits for {in_channels}×{size[0]}×{size[1]} pictures"
    )
    try:
        model: Any = _imported(name)(num_classes=num_classes, in_channels=in_channels)
        if not isinstance(model, nn.Module):
            raise RequestError("models", allowed, type(model).__name__)
        training = model.training
        with torch.no_grad():
            shape = tuple(model.eval()(torch.zeros(2, in_channels, *size)).shape)
        model.train(training)
    except LossbenchError:
        raise
    except Exception as error:  # whatever a user's own code raises is an answer to the request
        raise RequestError("models", allowed, f"{type(error).__name__}: {error}") from error
    if shape != (2, num_classes):
        raise RequestError("models", allowed, f"outputs of shape {shape} for two pictures")
    return model


def _imported(name: str) -> Callable[..., Any]:
    module_name, _, attribute = name.partition(":")
    allowed = "module:callable that can be imported from here"
    try:
        with _working_directory_on_path():
            found = getattr(importlib.import_module(module_name), attribute)
    except (Exception, SystemExit) as error:  # importing runs a user's own code, which may raise anything
        raise RequestError("models", allowed, f"{name} ({type(error).__name__}: {error})") from error
    if not callable(found):
        raise RequestError("models", allowed, f"{name}, which is a {type(found).__name__}")
    return found  # type: ignore[no-any-return]  # callable by the line above


@contextmanager
def _working_directory_on_path() -> Iterator[None]:
    """`python -m` looks in the working directory and a console script does not: both shall find a user's module."""
    here = str(Path.cwd())
    added = here not in sys.path and "" not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        yield
    finally:
        if added:
            sys.path.remove(here)
