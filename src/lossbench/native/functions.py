"""The native kernels as functions of tensors, with gradients; where they do not apply, torch's own compute the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from lossbench.native.library import library

__all__ = ["add_relu", "applies", "batch_norm_eval", "batch_norm_train", "convolution_pool", "max_pool", "normalise"]

_KINDS = {torch.float32: "float32", torch.float64: "float64", torch.bfloat16: "bfloat16"}
_LARGEST_WINDOW = 15  # its places are counted in a byte, and 255 means none


def applies(x: Tensor) -> bool:
    """Whether the kernels take a tensor: on a processor, of a type they know, dense, channels last or flat."""
    if library() is None or x.device.type != "cpu" or x.dtype not in _KINDS or not x.numel():
        return False
    return x.is_contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x.dim() == 2 and x.is_contiguous()


def normalise(
    pictures: Tensor, indices: Tensor, scale: Tensor, shift: Tensor, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Pictures · scale + shift of chosen pictures.

    Args:
        pictures: uint8 (n, height, width, channels).
        indices: int64 (batch,), which of them.
        scale: float32 (height, width, channels).
        shift: float32 (height, width, channels).
        dtype: of the result, float32 or bfloat16.

    Returns:
        (batch, height, width, channels).

    Raises:
        IndexError: an index that no picture has.
    """
    native = library()
    if native is None or pictures.device.type != "cpu" or not pictures.is_contiguous():
        return torch.add(pictures[indices].float() * scale, shift).to(dtype)
    indices = indices.contiguous()
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < len(pictures):
        raise IndexError(f"indices from 0 to {len(pictures) - 1}")
    out = torch.empty((len(indices), *pictures.shape[1:]), dtype=dtype)
    function = getattr(native, f"lb_normalise_{_KINDS[dtype]}")
    function(*_pointers(pictures, indices), len(indices), scale.numel(), *_pointers(scale, shift, out))
    return out


def add_relu(a: Tensor, b: Tensor) -> Tensor:
    """relu(a + b), for tensors of one shape and type."""
    same = a.shape == b.shape and a.dtype == b.dtype and a.stride() == b.stride()
    if same and applies(a) and applies(b):
        result: Tensor = _AddReLU.apply(a, b)  # type: ignore[no-untyped-call]  # torch does not annotate it
        return result
    return torch.relu(a + b)


def max_pool(x: Tensor, size: int, *, relu: bool) -> Tensor:
    """Maxima of windows of size × size side by side, then ReLU if asked for; the gradient goes to the first of equals.

    Args:
        x: (batch, channels, height, width).
        size: of a window, which is also the stride.
        relu: whether nothing below zero is kept.
    """
    if applies(x) and x.dim() == 4 and size <= _LARGEST_WINDOW and min(x.shape[2:]) >= size:
        result: Tensor = _MaxPool.apply(x, size, relu)  # type: ignore[no-untyped-call]  # torch does not annotate it
        return result
    pooled = torch.nn.functional.max_pool2d(x, size)
    return torch.relu(pooled) if relu else pooled


def convolution_pool(x: Tensor, weight: Tensor, bias: Tensor, padding: int, size: int, *, relu: bool) -> Tensor:
    """A convolution of stride 1, the maxima of its windows, and ReLU if asked for, of a tensor that `applies` takes.

    The gradient of a window goes to one place alone, and the backward pass does no work for the others. Gradients of
    weight and bias are summed in float32 also for bfloat16 pictures.

    Args:
        x: (batch, inputs, height, width).
        weight: (outputs, inputs, kernel height, kernel width), float32, or float64 for a float64 tensor.
        bias: (outputs,), the same.
        padding: zeros at each side.
        size: of a window, which is also the stride between them.
        relu: whether nothing below zero is kept.
    """
    if padding:
        x = torch.nn.functional.pad(x, (padding,) * 4).contiguous(memory_format=torch.channels_last)
    result: Tensor = _ConvolutionPool.apply(x, weight, bias, size, relu)  # type: ignore[no-untyped-call]  # torch does not annotate it
    return result


def batch_norm_train(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float, *, relu: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch norm by the batch's own statistics, then ReLU if asked for, of a tensor that `applies` takes.

    Args:
        x: (batch, channels, height, width) or (batch, channels).
        weight: (channels,), float32, or float64 for a float64 tensor.
        bias: the same.
        eps: added to the variance.
        relu: whether nothing below zero is kept.

    Returns:
        The result, and mean and biased variance per channel (channels,).
    """
    result: tuple[Tensor, Tensor, Tensor] = _BatchNorm.apply(x, weight, bias, eps, relu)  # type: ignore[no-untyped-call]  # torch does not annotate it
    return result


def batch_norm_eval(x: Tensor, scale: Tensor, shift: Tensor, *, relu: bool) -> Tensor:
    """Values · scale + shift per channel, then ReLU if asked for; without a gradient, for what `applies` takes."""
    y = torch.empty_like(x)
    _call("affine", x)(*_pointers(x, y), *_rows(x), *_pointers(scale, shift), relu)
    return y


class _BatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        eps: float,
        relu: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        weight, bias = weight.contiguous(), bias.contiguous()
        y, statistics = torch.empty_like(x), torch.empty((4, x.shape[1]), dtype=weight.dtype)
        mean, variance, scale, shift = statistics
        _call("batch_norm", x)(
            *_pointers(x, y), *_rows(x), *_pointers(weight, bias), eps, relu, *_pointers(mean, variance, scale, shift)
        )
        ctx.save_for_backward(x, statistics)
        ctx.eps, ctx.relu = eps, relu
        ctx.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, statistics = ctx.saved_tensors
        gradient, out = _laid_out(gradient, x), torch.empty_like(x)
        weight, bias = torch.empty_like(statistics[:2])
        _call("batch_norm_backward", x)(
            *_pointers(x, gradient, out),
            *_rows(x),
            *_pointers(*statistics),
            ctx.eps,
            ctx.relu,
            *_pointers(weight, bias),
        )
        return out, weight, bias, None, None


def _pooled(x: Tensor, size: int, relu: bool) -> tuple[Tensor, Tensor]:
    """Maxima, and where each was found."""
    pictures, channels, height, width = x.shape
    shape = (pictures, channels, height // size, width // size)
    y = torch.empty(shape, dtype=x.dtype, memory_format=torch.channels_last)
    found = torch.empty(shape, dtype=torch.uint8, memory_format=torch.channels_last)
    _call("max_pool", x)(*_pointers(x, y, found), pictures, height, width, channels, size, relu)
    return y, found


class _ConvolutionPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, size: int, relu: bool) -> Tensor:
        narrow = weight.to(x.dtype), bias.to(x.dtype)
        with torch.autocast("cpu", enabled=False):
            dense = torch.conv2d(x, *narrow).contiguous(memory_format=torch.channels_last)
        y, found = _pooled(dense, size, relu)
        ctx.save_for_backward(x, narrow[0].to(weight.dtype).contiguous(memory_format=torch.channels_last), found)
        ctx.size = size
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, found = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        of_weight, of_bias = torch.empty_like(weight), weight.new_empty(len(weight))
        pictures, inputs, height, width = x.shape
        outputs, _, down, across = weight.shape
        pointers = *_pointers(x, gradient, found, weight), of_x.data_ptr() if of_x is not None else None
        sizes = pictures, height, width, inputs, outputs, down, across, ctx.size
        _call("convolution_pool_backward", x)(*pointers, *_pointers(of_weight, of_bias), *sizes)
        return of_x, of_weight, of_bias, None, None


class _MaxPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, relu: bool) -> Tensor:
        y, found = _pooled(x, size, relu)
        ctx.save_for_backward(found)
        ctx.shape, ctx.size = x.shape, size
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (found,) = ctx.saved_tensors
        pictures, channels, height, width = ctx.shape
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        out = torch.empty(ctx.shape, dtype=gradient.dtype, memory_format=torch.channels_last)
        _call("max_pool_backward", gradient)(
            *_pointers(gradient, found, out), pictures, height, width, channels, ctx.size
        )
        return out, None, None


class _AddReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, a: Tensor, b: Tensor) -> Tensor:
        y = torch.empty_like(a)
        _call("add_relu", a)(*_pointers(a, b, y), a.numel())
        ctx.save_for_backward(y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        (y,) = ctx.saved_tensors
        gradient, out = _laid_out(gradient, y), torch.empty_like(y)
        _call("add_relu_backward", y)(*_pointers(y, gradient, out), y.numel())
        return out, out


def _call(name: str, x: Tensor) -> Callable[..., None]:
    function: Callable[..., None] = getattr(library(), f"lb_{name}_{_KINDS[x.dtype]}")
    return function


def _pointers(*tensors: Tensor) -> list[int]:
    return [tensor.data_ptr() for tensor in tensors]


def _rows(x: Tensor) -> tuple[int, int]:
    """How many rows of channels a tensor has, and how many channels."""
    channels = x.shape[1]
    return x.numel() // channels, channels


def _laid_out(gradient: Tensor, x: Tensor) -> Tensor:
    """A gradient in the memory format of what it belongs to."""
    return gradient.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else gradient.contiguous()
