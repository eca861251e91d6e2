"""Layers that compute with the native kernels: torch's own layers by another class, so that names and values stay."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lossbench.native.functions import add_relu, applies, batch_norm_eval, batch_norm_train, max_pool

__all__ = ["AddReLU", "NativeBatchNorm1d", "NativeBatchNorm2d", "NativeMaxPool2d", "takes_batch_norm", "takes_max_pool"]


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
        wide = torch.float64 if x.dtype == torch.float64 else torch.float32
        if self.weight.dtype != wide:
            return False
        return x.numel() > x.shape[1] if self.training else not torch.is_grad_enabled()


class NativeBatchNorm1d(_NativeBatchNorm, nn.BatchNorm1d):
    """nn.BatchNorm1d by the native kernels."""


class NativeBatchNorm2d(_NativeBatchNorm, nn.BatchNorm2d):
    """nn.BatchNorm2d by the native kernels."""


class NativeMaxPool2d(nn.MaxPool2d):
    """nn.MaxPool2d by the native kernels, and the ReLU before or behind it where `relu` is set."""

    relu = False

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of torch's own parameter
        """The maxima (batch, channels, height // size, width // size)."""
        size = self.kernel_size if isinstance(self.kernel_size, int) else self.kernel_size[0]
        return max_pool(input, size, relu=self.relu)


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


def _pair(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)
