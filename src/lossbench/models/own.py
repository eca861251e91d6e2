"""A user's own model, by import path or as a Python object, called as callable(num_classes=..., in_channels=...)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lossbench.errors import LossbenchError, RequestError, told
from lossbench.imports import import_own, settings_kept, working_directory_on_path

__all__ = ["Maker", "build_own", "described", "found_own_model", "tried"]

Maker = Callable[..., Any]


def found_own_model(name: str, function: Maker | None = None) -> Maker:
    """What makes a user's own model.

    Args:
        name: `module:callable`, or `python:NAME` of a Python object.
        function: that object.

    Raises:
        RequestError: it cannot be imported, is not callable, or is a model already.
    """
    if function is not None:
        return function
    if name.startswith("python:"):
        allowed = "a model that can be found by its name; this one was a Python object of the program that ran it"
        raise RequestError("models", allowed, name)
    return import_own(name, "models")


def build_own(
    name: str, num_classes: int, in_channels: int, size: tuple[int, ...], function: Maker | None = None
) -> nn.Module:
    """A user's own model, tried on two black pictures.

    Raises:
        RequestError: it is no module that can be trained to give so many logits, or something of its raised.
    """
    allowed = f"{name} to give a torch.nn.Module with {num_classes} logits for {described(in_channels, size)}"
    try:
        with working_directory_on_path(), settings_kept():
            model: Any = found_own_model(name, function)(num_classes=num_classes, in_channels=in_channels)
            unfit = tried(model, num_classes, in_channels, size)
    except LossbenchError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's own code raises is an answer to the request
        raise RequestError("models", allowed, told(error)) from error
    if unfit:
        raise RequestError("models", allowed, unfit)
    return model  # type: ignore[no-any-return]  # a module, or it had been unfit


def described(in_channels: int, size: tuple[int, ...]) -> str:
    """The data in words: `3×32×32 pictures`, or `vectors of 20 features`."""
    return f"{in_channels}×{'×'.join(map(str, size))} pictures" if size else f"vectors of {in_channels} features"


def tried(model: object, num_classes: int, in_channels: int, size: tuple[int, ...]) -> str:
    """What keeps an object from being trained on such data, tried on two black pictures; empty when nothing does."""
    unfit = _unfit(model)
    if unfit or not isinstance(model, nn.Module):
        return unfit
    return _wrong_shape(model, num_classes, torch.zeros(2, in_channels, *size), "pictures" if size else "vectors")


def _unfit(model: object) -> str:
    """What makes an object no model that can be trained and resumed; empty when nothing does."""
    if not isinstance(model, nn.Module):
        return type(model).__name__
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return "a model without a parameter that can be trained"
    if any(parameter.dtype != torch.float32 for parameter in model.parameters()):
        return "a model with parameters that are not float32"
    if any(type(layer).get_extra_state is not nn.Module.get_extra_state for layer in model.modules()):
        return "a model with an extra state, which a checkpoint cannot hold"
    return ""


def _wrong_shape(model: nn.Module, num_classes: int, inputs: torch.Tensor, called: str) -> str:
    """What shape the outputs have instead; empty when it is right."""
    training = model.training
    with torch.no_grad():
        shape = tuple(model.eval()(inputs.float()).shape)
    model.train(training)
    return "" if shape == (len(inputs), num_classes) else f"outputs of shape {shape} for two {called}"
