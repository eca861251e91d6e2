"""Layers that compute several models of one form at once.

The channels of the models, called lanes, lie one behind another: activations are (batch, lanes · channels, height,
width) or (batch, lanes · features), and every parameter has the lanes' one behind another in its first dimension. A
convolution then has so many times as many groups, batch norm so many times as many channels, each with statistics of
its own, and what works on every channel by itself works as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from lossbench.models.resnet import Widen
from lossbench.native import AddReLU
from lossbench.train.classifier import Float32Linear, widened

__all__ = ["FORMS", "Form", "UnstackableError", "by_lane", "stack_layers"]

Form = Literal["grouped", "gathered"]
"""How convolutions are computed: by torch's with groups, or by one matrix product per lane of gathered patches."""


FORMS: tuple[Form, ...] = ("grouped", "gathered")


class UnstackableError(Exception):
    """A model that cannot be trained in a stack; the message says why."""


class _StackedLinear(nn.Linear):
    """A linear layer for each lane: weight (lanes · out, in), bias (lanes · out,)."""

    lanes = 1

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of torch's own parameter
        """(batch, lanes · in) -> (batch, lanes · out)."""
        if input.dim() != 2:
            raise UnstackableError(f"a linear layer is given {input.dim()} dimensions, not 2")
        x = by_lane(input, self.lanes, 1).transpose(0, 1)  # (lanes, batch, in)
        weight = by_lane(self.weight, self.lanes).transpose(1, 2)  # (lanes, in, out)
        y = torch.bmm(x, weight)
        if self.bias is not None:  # as a product, whose gradient is added up in one order however many lanes there are
            y = torch.baddbmm(y, x.new_ones(self.lanes, len(input), 1), self.bias.view(self.lanes, 1, -1))
        return y.transpose(0, 1).flatten(1)


class _StackedFloat32Linear(_StackedLinear):
    """The same, in float32 whatever the autocast, as `Float32Linear` is for one model."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of torch's own parameter
        """(batch, lanes · in) -> (batch, lanes · out), float32."""
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(widened(input))


class _GatheredConv2d(nn.Conv2d):
    """A convolution for each lane as one matrix product per lane: every window's pixels are copied side by side."""

    lanes = 1

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of torch's own parameter
        """(batch, lanes · channels, height, width) -> (batch, lanes · out_channels, ...)."""
        lanes, (height, width), (down, right) = self.lanes, self.kernel_size, self.stride
        assert isinstance(self.padding, tuple)  # noqa: S101 - held by _gathered, for the type checker
        x = pad(input, (self.padding[1],) * 2 + (self.padding[0],) * 2) if any(self.padding) else input
        windows = x.unfold(2, height, down).unfold(3, width, right)  # (batch, lanes·channels, rows, columns, h, w)
        batch, _, rows, columns = windows.shape[:4]
        windows = by_lane(windows, lanes, 1).permute(1, 0, 3, 4, 2, 5, 6)
        windows = windows.reshape(lanes, batch * rows * columns, -1)
        weight = self.weight.reshape(lanes, self.out_channels // lanes, -1).transpose(1, 2)
        if self.bias is None:
            y = torch.bmm(windows, weight)
        else:
            y = torch.baddbmm(self.bias.view(lanes, 1, -1), windows, weight)
        y = y.view(lanes, batch, rows, columns, -1).permute(1, 2, 3, 0, 4)  # (batch, rows, columns, lanes, out)
        return y.flatten(3).permute(0, 3, 1, 2)  # channels last


def by_lane(x: Tensor, lanes: int, dim: int = 0) -> Tensor:
    """A dimension of lanes · n as two, without copying: lanes, and n."""
    return x.view(*x.shape[:dim], lanes, -1, *x.shape[dim + 1 :])


def stack_layers(model: nn.Module, lanes: int, form: Form) -> None:
    """Makes a model compute so many lanes, in place; its parameters and buffers are repeated for each.

    Raises:
        UnstackableError: it has a layer that is not known to keep lanes apart, or that draws.
    """
    _refuse_shared(model)
    for layer in list(model.modules()):
        widen = _WIDENED.get(type(layer))
        if widen is not None:
            widen(layer, lanes, form)
        elif not _as_it_is(layer):
            raise UnstackableError(f"no stack has a layer of type {type(layer).__name__}")


def _refuse_shared(model: nn.Module) -> None:
    """A parameter or a layer in two places would be repeated twice."""
    names = [len(list(model.named_parameters(remove_duplicate=each))) for each in (True, False)]
    layers = [len(list(model.named_modules(remove_duplicate=each))) for each in (True, False)]
    if names[0] != names[1] or layers[0] != layers[1]:
        raise UnstackableError("a layer or a parameter of it stands in two places")


def _repeat(layer: nn.Module, lanes: int) -> None:
    """Repeats a layer's own parameters and buffers in their first dimension; one value becomes one per lane."""
    for name, parameter in list(layer.named_parameters(recurse=False)):
        repeated = nn.Parameter(_repeated(parameter, lanes), requires_grad=parameter.requires_grad)
        layer.register_parameter(name, repeated)
    for name, buffer in list(layer.named_buffers(recurse=False)):
        layer._buffers[name] = _repeated(buffer, lanes)


def _repeated(value: Tensor, lanes: int) -> Tensor:
    return value.detach().repeat(lanes, *(1,) * max(value.dim() - 1, 0))


def _linear(layer: Any, lanes: int, form: Form) -> None:  # noqa: ARG001 - all that widen share one signature
    layer.__class__ = _StackedFloat32Linear if isinstance(layer, Float32Linear) else _StackedLinear
    layer.lanes = lanes
    _repeat(layer, lanes)


def _convolution(layer: Any, lanes: int, form: Form) -> None:
    plain = layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros"
    if form == "gathered" and plain and isinstance(layer.padding, tuple):
        layer.__class__ = _GatheredConv2d
    layer.lanes = lanes
    layer.in_channels, layer.out_channels = lanes * layer.in_channels, lanes * layer.out_channels
    layer.groups *= lanes
    _repeat(layer, lanes)


def _batch_norm(layer: Any, lanes: int, form: Form) -> None:  # noqa: ARG001 - all that widen share one signature
    if layer.momentum is None:
        raise UnstackableError("its batch norm averages over all batches, for it has no momentum")
    layer.num_features *= lanes
    _repeat(layer, lanes)


def _group_norm(layer: Any, lanes: int, form: Form) -> None:  # noqa: ARG001 - all that widen share one signature
    layer.num_groups, layer.num_channels = lanes * layer.num_groups, lanes * layer.num_channels
    _repeat(layer, lanes)


def _shortcut(layer: Any, lanes: int, form: Form) -> None:  # noqa: ARG001 - all that widen share one signature
    layer.lanes *= lanes


_WIDENED: dict[type[nn.Module], Callable[[Any, int, Form], None]] = {
    nn.Linear: _linear,
    Float32Linear: _linear,
    nn.Conv2d: _convolution,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.GroupNorm: _group_norm,
    Widen: _shortcut,
}

_EACH_CHANNEL = (
    AddReLU,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.AvgPool2d,
    nn.ELU,
    nn.GELU,
    nn.Hardswish,
    nn.Identity,
    nn.LeakyReLU,
    nn.MaxPool2d,
    nn.ReLU,
    nn.ReLU6,
    nn.Sequential,
    nn.SiLU,
    nn.Sigmoid,
    nn.Softplus,
    nn.Tanh,
)
"""Layers without parameters that treat every channel by itself, and chains of layers."""


def _as_it_is(layer: nn.Module) -> bool:
    """Whether a layer keeps lanes apart as it is; of one with layers in it, whether it has nothing else."""
    if type(layer) in _EACH_CHANNEL:
        return True
    if type(layer) is nn.Flatten:
        return layer.start_dim == 1
    own = any(True for _ in layer.parameters(recurse=False)) or any(True for _ in layer.buffers(recurse=False))
    if own or isinstance(layer, nn.modules.dropout._DropoutNd):
        return False
    return any(True for _ in layer.children()) or not type(layer).__module__.startswith("torch.")
