"""A user's own model, by import path: `module:callable`, called as callable(num_classes=..., in_channels=...)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lossbench.errors import LossbenchError, RequestError, told
from lossbench.imports import import_own, settings_kept, working_directory_on_path

__all__ = ["build_own"]


def build_own(name: str, num_classes: int, in_channels: int, size: tuple[int, int]) -> nn.Module:
    """A user's own model, tried on two black pictures.

    Raises:
        RequestError: it is no module that can be trained to give so many logits, or something of its raised.
    """
    pictures = f"{in_channels}×{size[0]}×{size[1]} pictures"
    allowed = f"{name} to give a torch.nn.Module with {num_classes} logits for {pictures}"
    try:
        with working_directory_on_path(), settings_kept():
            model: Any = import_own(name, "models")(num_classes=num_classes, in_channels=in_channels)
            unfit = _unfit(model) or _wrong_shape(model, num_classes, torch.zeros(2, in_channels, *size))
    except LossbenchError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's own code raises is an answer to the request
        raise RequestError("models", allowed, told(error)) from error
    if unfit:
        raise RequestError("models", allowed, unfit)
    return model  # type: ignore[no-any-return]  # a module, or _unfit had said so


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


def _wrong_shape(model: nn.Module, num_classes: int, pictures: torch.Tensor) -> str:
    """What shape the outputs have instead; empty when it is right."""
    training = model.training
    with torch.no_grad():
        shape = tuple(model.eval()(pictures.float()).shape)
    model.train(training)
    return "" if shape == (len(pictures), num_classes) else f"outputs of shape {shape} for two pictures"
