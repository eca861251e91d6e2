"""A network as training has it: built, given the native kernels, its last layer in float32, channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossbench.errors import TrialError
from lossbench.models import MODELS, build
from lossbench.native import fuse, normalise
from lossbench.spec import Recipe

__all__ = [
    "EVALUATION_BATCH",
    "Float32Linear",
    "build_classifier",
    "forward",
    "input_type",
    "prepared",
    "scale_and_shift",
    "scaled",
    "widened",
]

EVALUATION_BATCH = 250
"""Pictures at a time where nothing is trained: larger ones leave the cache. With another number the bits may differ."""


def build_classifier(
    name: str,
    num_classes: int,
    channels: int,
    size: tuple[int, ...],
    seed: int,
    device: torch.device,
    function: Callable[..., Any] | None = None,
    *,
    fetched: bool = True,
    native: bool = True,
) -> nn.Module:
    """The model of a name with the first weights of a seed, as `models.build` has them, ready to be trained.

    With `native` it is given the native kernels where they are to be had.

    Raises:
        RequestError: as `models.build`.
    """
    model = build(name, num_classes, channels, size, seed, function, fetched=fetched)
    if native and device.type == "cpu":
        fuse(model)
    _keep_head_in_float32(model, num_classes)
    model.to(device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss modules here
    return model


def scale_and_shift(
    mean: np.ndarray, std: np.ndarray, size: tuple[int, ...], device: torch.device
) -> tuple[Tensor, Tensor]:
    """What normalises pictures and vectors, float32.

    Of pictures both are (height, width, channels), for `native.normalise`, which makes pictures · scale + shift. Of
    vectors both are (features,), for (vectors + shift) · scale: a feature may be far from 0 and hardly vary.

    Args:
        mean: of each channel or feature, as `Pictures.normalisation` gives it.
        std: the same.
        size: height and width in pixels, or 1 and 1 for what fits pictures of any size; empty for vectors.
        device: where they will be.
    """
    scale, shift = (1 / (255 * std), -mean / std) if size else (1 / std, -mean)
    return _spread(scale, size, device), _spread(shift, size, device)


def _spread(values: np.ndarray, size: tuple[int, ...], device: torch.device) -> Tensor:
    shape = (*size, len(values))
    return torch.tensor(values, dtype=torch.float32, device=device).expand(shape).contiguous()


def scaled(values: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """All of some pictures or vectors normalised, float32, in torch's own operations.

    Args:
        values: as they lie: (n, height, width, channels), or (n, features).
        scale: as `scale_and_shift` gives it.
        shift: the same.

    Returns:
        (n, channels, height, width), or (n, features).
    """
    if values.dim() == 2:
        return (values + shift) * scale
    return (values.float() * scale + shift).permute(0, 3, 1, 2)


def prepared(values: Tensor, chosen: Tensor, scale: Tensor, shift: Tensor, inputs: torch.dtype) -> Tensor:
    """Chosen pictures normalised (batch, channels, height, width), channels last; vectors (batch, features).

    Args:
        values: as they lie: uint8 (n, height, width, channels), or float32 (n, features).
        chosen: which of them, int64 (batch,).
        scale: as `scale_and_shift` gives it.
        shift: the same.
        inputs: what they are handed over as.
    """
    if values.dim() == 2:
        return scaled(values[chosen], scale, shift).to(inputs)
    return normalise(values, chosen, scale, shift, inputs).permute(0, 3, 1, 2)


def input_type(recipe: Recipe) -> torch.dtype:
    """What pictures are handed over as: bfloat16 where the first layer would make them so, float32 else."""
    return torch.bfloat16 if recipe.precision == "bf16" and recipe.model in MODELS else torch.float32


def forward(model: nn.Module, inputs: Tensor, num_classes: int, *, bf16: bool) -> Tensor:
    """Logits (batch, classes), float32, of prepared pictures.

    Args:
        model: the network.
        inputs: (batch, channels, height, width), or (batch, features), normalised.
        num_classes: how many logits are expected.
        bf16: whether it runs under bfloat16 autocast.

    Raises:
        TrialError: a user's model gives something else.
    """
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bf16):
        logits: object = model(inputs)  # of a model of the user's it may be anything
    if not isinstance(logits, Tensor) or logits.shape != (len(inputs), num_classes):
        found = f"shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else f"type {type(logits).__name__}"
        raise TrialError(f"the model gave outputs of {found} for {len(inputs)} pictures of {num_classes} classes")
    return widened(logits)


def widened(values: Tensor) -> Tensor:
    """What a loss is taken of, and the last layer computes with: float32, whatever the layers before gave."""
    return values.float()


class Float32Linear(nn.Linear):
    """A linear layer that stays in float32 under autocast: bfloat16 logits tie, and flip arguments of the maximum."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of torch's own parameter
        """(batch, in_features) -> (batch, out_features), float32."""
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(widened(input))


def _keep_head_in_float32(model: nn.Module, num_classes: int) -> None:
    """Makes the last linear layer compute in float32, if it is the one that gives the logits."""
    linear = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    if linear and type(linear[-1]) is nn.Linear and linear[-1].out_features == num_classes:
        linear[-1].__class__ = Float32Linear
