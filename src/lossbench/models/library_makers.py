"""How timm and torchvision are asked for a model; neither is imported here."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from torch import nn

__all__ = ["of_timm", "of_torchvision", "timm_names", "torchvision_names"]

_RGB = 3

_AS_PUBLISHED = {"googlenet": {"aux_logits": False, "transform_input": True, "init_weights": False}}
"""What torchvision makes otherwise where a model gets the weights that it was trained to."""


def timm_names(timm: ModuleType) -> list[str]:
    """The models that timm has, with and without the tag of their weights."""
    return [*timm.list_models(), *timm.list_models(pretrained=True)]


def torchvision_names(torchvision: ModuleType) -> list[str]:
    """The classifiers that torchvision has."""
    return list(torchvision.models.list_models(module=torchvision.models))


def of_timm(
    timm: ModuleType,
    name: str,
    pretrained: bool,
    num_classes: int | None,
    in_channels: int,
    size: tuple[int, int] | None,
    fetched: bool,
) -> nn.Module:
    """A model of timm, which adapts it itself.

    Args:
        timm: the package.
        name: of the model.
        pretrained: whether its weights are taken.
        num_classes: how many logits it gives; None for as many as it was trained with.
        in_channels: channels of a picture.
        size: height and width that it is made for, of a model that is made for one; None for its own.
        fetched: whether weights that are taken are fetched; others come into their place later.
    """
    options: dict[str, Any] = {} if num_classes is None else {"num_classes": num_classes}
    if size is not None:
        options["img_size"] = size
    model: nn.Module = timm.create_model(name, pretrained=pretrained and fetched, in_chans=in_channels, **options)
    return model


def of_torchvision(
    torchvision: ModuleType,
    name: str,
    pretrained: bool,
    num_classes: int | None,
    in_channels: int,
    size: tuple[int, int] | None,
    fetched: bool,
) -> nn.Module:
    """A model of torchvision; its first convolution, and of one with weights its last layer, are made anew to fit.

    Args:
        torchvision: the package.
        name: of the model.
        pretrained: whether its weights are taken.
        num_classes: how many logits it gives; None for as many as it was trained with.
        in_channels: channels of a picture.
        size: height and width that it is made for, of a model that is made for one, which must be square; None for
            its own.
        fetched: whether weights that are taken are fetched; others come into their place later.

    Raises:
        ValueError: it has no layer that could be fitted, or no such size.
    """
    options: dict[str, Any] = {}
    if size is not None:
        if size[0] != size[1]:
            raise ValueError(f"it is made for squares, not for {size[0]}×{size[1]}")
        options["image_size"] = size[0]
    if pretrained:
        weights = "DEFAULT" if fetched else None
        options |= {} if fetched else _AS_PUBLISHED.get(name, {})
        model: nn.Module = torchvision.models.get_model(name, weights=weights, **options)
        if num_classes is not None:
            _with_classes(model, num_classes)
    else:
        classes = {} if num_classes is None else {"num_classes": num_classes}
        model = torchvision.models.get_model(name, weights=None, **classes, **options)
    if in_channels != _RGB:
        _with_channels(model, in_channels)
    return model


def _with_classes(model: nn.Module, num_classes: int) -> None:
    """Puts a new layer in the place of the last linear one."""
    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    if not layers:
        raise ValueError("it has no linear layer at its end to give the classes")
    name, layer = layers[-1]
    model.set_submodule(name, nn.Linear(layer.in_features, num_classes, layer.bias is not None))


def _with_channels(model: nn.Module, in_channels: int) -> None:
    """Puts a new layer in the place of the first convolution."""
    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d)]
    if not layers or layers[0][1].in_channels != _RGB:
        raise ValueError("it has no convolution of 3 channels at its beginning to take others")
    name, layer = layers[0]
    replacement = nn.Conv2d(
        in_channels,
        layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]  # torch annotates its pairs as tuples of any length
        layer.stride,  # type: ignore[arg-type]  # the same
        layer.padding,  # type: ignore[arg-type]  # the same
        layer.dilation,  # type: ignore[arg-type]  # the same
        layer.groups,
        layer.bias is not None,
    )
    model.set_submodule(name, replacement)
