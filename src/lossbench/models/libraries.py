"""Models of timm and torchvision by their names there: `timm:resnet18`, `torchvision:resnet18(pretrained=true)`."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

import torch
from torch import nn

from lossbench.errors import LossbenchError, RequestError, UnknownNameError, told
from lossbench.models.library_makers import of_timm, of_torchvision, timm_names, torchvision_names
from lossbench.models.own import described, tried
from lossbench.spec.call import parse_call

__all__ = [
    "LIBRARIES",
    "build_library_model",
    "check_library_model",
    "is_library_model",
    "is_pretrained",
    "library_digest",
]

Make = Callable[[ModuleType, str, bool, int | None, int, tuple[int, int] | None, bool], nn.Module]

LIBRARIES: Mapping[str, tuple[Callable[[ModuleType], list[str]], Make]] = {
    "timm": (timm_names, of_timm),
    "torchvision": (torchvision_names, of_torchvision),
}
"""By package: which names it has, and what makes a model of it."""

_PRETRAINED = "pretrained"
_SEVERAL = "several outputs in training, those of auxiliary classifiers"
_CHANNELS = 3  # of the pictures that the libraries' models are trained with


def is_library_model(name: str) -> bool:
    """Whether a model is one of timm's or torchvision's."""
    return name.partition(":")[0] in LIBRARIES


def is_pretrained(name: str) -> bool:
    """Whether a model starts from the weights that its library trained it to."""
    return is_library_model(name) and _parsed(name)[2]


def check_library_model(name: str) -> None:
    """Checks that the library is installed and has the model.

    Raises:
        RequestError: it has not.
    """
    package, model, _ = _parsed(name)
    names = LIBRARIES[package][0](_module(package))
    if model not in names:
        near = UnknownNameError("models", model, names)
        raise RequestError("models", f"{package}:NAME of one of {package}'s {len(names)} models", name, near.hint)


@cache
def library_digest(name: str) -> str:
    """A digest of the library's version and the model's name, and of the weights that it was trained to."""
    package, model, pretrained = _parsed(name)
    digest = hashlib.sha256(f"{package} {_version(package)} {model}".encode())
    if pretrained:
        state = _made(name, None, _CHANNELS, None, True).state_dict()
        for key in sorted(state):
            digest.update(f"{key} {tuple(state[key].shape)} {state[key].dtype}\n".encode())
            digest.update(state[key].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def build_library_model(
    name: str, num_classes: int, in_channels: int, size: tuple[int, ...], *, fetched: bool
) -> nn.Module:
    """A model of a library with so many logits, tried on two black pictures.

    What does not take pictures of that size is made anew for it, where it can be. Where weights that it was trained
    to are not fetched, it is the same network with others.

    Raises:
        RequestError: feature vectors, pictures that it does not take, or weights that cannot be had.
    """
    if len(size) != 2:
        raise RequestError("models", f"pictures for {name}", "feature vectors", "mlp and module:callable take them")
    allowed = f"{name} to take {described(in_channels, size)}"
    model = _made(name, num_classes, in_channels, None, fetched)
    unfit = _unfit(model, num_classes, in_channels, size)
    if unfit:
        with suppress(LossbenchError):
            model = _made(name, num_classes, in_channels, (size[0], size[1]), fetched)
            unfit = _unfit(model, num_classes, in_channels, size)
    if unfit:
        hint = "" if unfit == _SEVERAL else "--size N resizes them"
        raise RequestError("models", allowed, unfit, hint)
    return model


def _unfit(model: nn.Module, num_classes: int, in_channels: int, size: tuple[int, ...]) -> str:
    """What keeps a model from being trained on such pictures, in evaluation or, in a copy, in training."""
    try:
        found = tried(model, num_classes, in_channels, size)
        outputs = copy.deepcopy(model).train()(torch.zeros(2, in_channels, *size))
        return found or ("" if isinstance(outputs, torch.Tensor) else _SEVERAL)
    except Exception as error:  # whatever a library's model makes of pictures that it does not take
        return told(error)


def _made(
    name: str, num_classes: int | None, in_channels: int, size: tuple[int, int] | None, fetched: bool
) -> nn.Module:
    package, model, pretrained = _parsed(name)
    try:
        return LIBRARIES[package][1](_module(package), model, pretrained, num_classes, in_channels, size, fetched)
    except Exception as error:  # of the library, of what fetches its weights
        weights = " with its weights" if pretrained and fetched else ""
        raise RequestError("models", f"{name}, made by {package}{weights}", told(error)) from error


def _parsed(name: str) -> tuple[str, str, bool]:
    """Package, model, and whether its weights are taken."""
    call = parse_call(name, "models")
    package, _, model = call.name.partition(":")
    pretrained = call.keywords.get(_PRETRAINED, False)
    if call.arguments or set(call.keywords) - {_PRETRAINED} or not isinstance(pretrained, bool):
        raise RequestError("models", f"{package}:NAME or {package}:NAME(pretrained=true)", name)
    return package, model, pretrained


def _module(package: str) -> ModuleType:
    try:
        if package == "timm":
            import timm as found
        else:
            import torchvision as found
    except Exception as error:  # torchvision beside another build of torch raises a RuntimeError
        hint = f'pip install "lossbench[{package}]", built for the same torch'
        raise RequestError("models", f"the package {package}, which can be imported", told(error), hint) from error
    module: ModuleType = found
    return module


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return str(getattr(_module(package), "__version__", ""))
