"""Layers that compute with the native kernels: torch's own layers by another class, so that names and values stay."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lossbench.native.functions import (
    add_relu,
    applies,
    batch_norm_eval,
    batch_norm_train,
    convolution_pool,
    max_pool,
)

__all__ = [
    "AddReLU",
    "NativeBatchNorm1d",
    "NativeBatchNorm2d",
    "NativeConv2d",
    "NativeMaxPool2d",
    "takes_batch_norm",
    "takes_convolution",
    "takes_max_pool",
]

_FEW_CHANNELS = 16
"""Up to this many input channels, gradients by places win over torch's dense ones."""


class AddReLU(nn.Module):
    """relu(a + b), the end of a residual block; for tensors of one shape."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """The sum of two tensors (batch, channels, height, width), and nothing below zero."""
        return add_relu(a, b)


class _NativeBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm, and the ReLU behind it where `relu` is set."""

    relu = False

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of torch's own parameter
        """Normalised (batch, channels, ...), by the batch's statistics in training, by the running ones else."""
        if not self._applies(input):
            y: Tensor = super().forward(input)
            return torch.relu(y) if self.relu else y
        assert self.running_mean is not None  # noqa: S101 - held by takes_batch_norm, for the type checker
        assert self.running_var is not None  # noqa: S101 - held by takes_batch_norm, for the type checker
        if not self.training:
            scale = self.weight / torch.sqrt(self.running_var + self.eps)
            return batch_norm_eval(input, scale, self.bias - self.running_mean * scale, relu=self.relu)
        y, mean, variance = batch_norm_train(input, self.weight, self.bias, self.eps, relu=self.relu)
        assert self.momentum is not None  # noqa: S101 - held by takes_batch_norm, for the type checker
        assert self.num_batches_tracked is not None  # noqa: S101 - the same
        rows = input.numel() // input.shape[1]
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (rows / (rows - 1)), self.momentum)
        return y

    def _applies(self, x: Tensor) -> bool:
        """Evaluation that asks for a gradient, one row, and statistics of another type are left to torch."""
        if not applies(x) or x.shape[1] != self.num_features:
            return False
        if self.weight.dtype != _wide(x):
            return False
        return x.numel() > x.shape[1] if self.training else not torch.is_grad_enabled()


class NativeBatchNorm1d(_NativeBatchNorm, nn.BatchNorm1d):
    """nn.BatchNorm1d by the native kernels."""


class NativeBatchNorm2d(_NativeBatchNorm, nn.BatchNorm2d):
    """nn.BatchNorm2d by the native kernels."""


class NativeMaxPool2d(nn.MaxPool2d):
    """nn.MaxPool2d by the native kernels, and the ReLU before or behind it where `relu` is set."""

    relu = False

    @property
    def window(self) -> int:
        """Height and width of a window."""
        return _pair(self.kernel_size)[0]

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of torch's own parameter
        """The maxima (batch, channels, height // size, width // size)."""
        return max_pool(input, self.window, relu=self.relu)


class NativeConv2d(nn.Conv2d):
    """nn.Conv2d and the max pooling behind it, whose gradients are taken by the places that the maxima came from.

    `window` is the pooling's, and a ReLU stands before or behind it where `relu` is set.
    """

    window = 1
    relu = False

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of torch's own parameter
        """The maxima of the convolution's windows: (batch, out_channels, ...)."""
        x = input
        if torch.is_autocast_enabled("cpu") and x.dtype == torch.float32:
            x = x.to(torch.get_autocast_dtype("cpu"))
        if not self._applies(x):
            return max_pool(super().forward(input), self.window, relu=self.relu)
        assert self.bias is not None  # noqa: S101 - held by takes_convolution, for the type checker
        return convolution_pool(x, self.weight, self.bias, int(self.padding[0]), self.window, relu=self.relu)

    def _applies(self, x: Tensor) -> bool:
        """Without a gradient to take, torch's convolution with the pooling behind it is as fast."""
        if not torch.is_grad_enabled() or x.dim() != 4 or not applies(x) or x.shape[1] != self.in_channels:
            return False
        lengths = [length + 2 * int(self.padding[0]) for length in x.shape[2:]]
        fits = all(n - kernel + 1 >= self.window for n, kernel in zip(lengths, self.kernel_size, strict=True))
        return fits and self.weight.dtype == _wide(x)


def takes_convolution(layer: nn.Module) -> bool:
    """Whether a layer is a plain convolution of few channels, of stride 1, with the same padding all around."""
    return (
        type(layer) is nn.Conv2d
        and layer.in_channels <= _FEW_CHANNELS
        and layer.stride == (1, 1)
        and layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.bias is not None
        and layer.padding_mode == "zeros"
        and isinstance(layer.padding, tuple)
        and layer.padding[0] == layer.padding[1]
        and layer.weight.requires_grad
    )


def takes_batch_norm(layer: nn.Module) -> bool:
    """Whether a layer is a plain batch norm with everything that one usually has."""
    if type(layer) is not nn.BatchNorm1d and type(layer) is not nn.BatchNorm2d:
        return False
    return layer.affine and layer.track_running_stats and layer.momentum is not None


def takes_max_pool(layer: nn.Module) -> bool:
    """Whether a layer is a plain max pooling of square windows side by side, without padding."""
    if type(layer) is not nn.MaxPool2d:
        return False
    size, stride = _pair(layer.kernel_size), _pair(layer.stride)
    plain = _pair(layer.padding) == (0, 0) and _pair(layer.dilation) == (1, 1)
    return size == stride and size[0] == size[1] and plain and not layer.ceil_mode and not layer.return_indices


def _wide(x: Tensor) -> torch.dtype:
    """What the kernels expect parameters in, and keep sums in, for values of a tensor's type."""
    return torch.float64 if x.dtype == torch.float64 else torch.float32


def _pair(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)
