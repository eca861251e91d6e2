"""The native kernels against torch's own, and against exact arithmetic where torch's are not exact."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - its usual name

from lossbench.native.functions import (
    add_relu,
    applies,
    batch_norm_eval,
    batch_norm_train,
    convolution_pool,
    max_pool,
    normalise,
)
from lossbench.native.library import compiler, library

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler: torch's own kernels are used here")

CHANNELS = [1, 2, 3, 4, 6, 16, 20, 33, 196]
TYPES = [torch.float32, torch.float64, torch.bfloat16]


def made(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, dtype=torch.float64, generator=generator).to(dtype)
    return x.to(memory_format=torch.channels_last) if len(shape) == 4 else x


def test_a_compiler_gives_a_library() -> None:
    assert library() is not None


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize(("height", "width", "size"), [(8, 8, 2), (7, 9, 2), (9, 6, 3), (2, 2, 2)])
@pytest.mark.parametrize("relu", [False, True])
def test_pooling_is_torchs_to_the_bit(
    dtype: torch.dtype, channels: int, height: int, width: int, size: int, relu: bool
) -> None:
    x = (made(3, channels, height, width) * 2).round().to(dtype)  # whole numbers: many ties
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    y = max_pool(ours, size, relu=relu)
    expected = F.max_pool2d(theirs.relu() if relu else theirs, size)
    gradient = made(*expected.shape, dtype=dtype, seed=1)
    torch.autograd.backward(y, gradient)
    torch.autograd.backward(expected, gradient)
    assert torch.equal(y, expected)
    assert torch.equal(ours.grad, theirs.grad)  # type: ignore[arg-type]  # there are gradients
    assert "MaxPoolBackward" in type(y.grad_fn).__name__


def test_pooling_passes_nan_on() -> None:
    x = made(2, 6, 4, 4)
    x[0, 3, 1, 1] = torch.nan
    for relu in (False, True):
        assert torch.isnan(max_pool(x, 2, relu=relu)[0, 3, 0, 0])
        assert int(torch.isnan(max_pool(x, 2, relu=relu)).sum()) == 1


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "padding", "size"),
    [(3, 6, (5, 5), 0, 2), (1, 6, (5, 5), 2, 2), (6, 16, (5, 5), 0, 2), (4, 3, (3, 3), 1, 3), (7, 5, (1, 4), 0, 2)],
)
@pytest.mark.parametrize("relu", [False, True])
def test_a_pooled_convolutions_gradients_are_torchs(
    dtype: torch.dtype, inputs: int, outputs: int, kernel: tuple[int, int], padding: int, size: int, relu: bool
) -> None:
    x, wide = made(3, inputs, 13, 12, dtype=dtype), torch.float64 if dtype == torch.float64 else torch.float32
    weight = made(outputs, inputs, *kernel, dtype=dtype, seed=1).to(wide)
    bias = made(outputs, dtype=dtype, seed=2).to(wide)
    ours = [tensor.clone().requires_grad_() for tensor in (x, weight, bias)]
    y = convolution_pool(ours[0], ours[1], ours[2], padding, size, relu=relu)
    exact = [tensor.double().requires_grad_() for tensor in (x, weight, bias)]
    dense = F.conv2d(exact[0], exact[1], exact[2], padding=padding)
    if dtype == torch.bfloat16:  # rounding makes ties: the maxima are those of the rounded values
        dense = dense + (F.conv2d(x, weight.to(dtype), bias.to(dtype), padding=padding).double() - dense).detach()
    expected = F.max_pool2d(dense.relu() if relu else dense, size)
    gradient = made(*expected.shape, dtype=dtype, seed=3)
    torch.autograd.backward(y, gradient)
    torch.autograd.backward(expected, gradient.double())
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12, torch.bfloat16: 1e-2}[dtype]
    torch.testing.assert_close(y.double(), expected, rtol=tolerance, atol=tolerance)
    for found, wanted, rounded in zip(ours, exact, (True, False, False), strict=True):
        assert found.grad is not None
        assert wanted.grad is not None
        limit = tolerance if rounded or dtype == torch.float64 else 1e-5
        largest = float(wanted.grad.abs().max())
        torch.testing.assert_close(found.grad.double(), wanted.grad, rtol=limit, atol=limit * largest)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("flat", [False, True])
def test_batch_norm_is_torchs(dtype: torch.dtype, channels: int, relu: bool, flat: bool) -> None:
    shape = (97, channels) if flat else (5, channels, 7, 6)
    x, gradient = made(*shape, dtype=dtype), made(*shape, dtype=dtype, seed=1)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    weight, bias = made(channels, seed=2).to(wide), made(channels, seed=3).to(wide)
    ours = [tensor.clone().requires_grad_() for tensor in (x, weight, bias)]
    exact = [tensor.double().requires_grad_() for tensor in (x, weight, bias)]
    y, mean, variance = batch_norm_train(ours[0], ours[1], ours[2], 1e-5, relu=relu)
    expected = F.batch_norm(exact[0], None, None, exact[1], exact[2], training=True)
    kept = (expected > 0) if relu else torch.ones_like(expected, dtype=torch.bool)
    sure = (expected.abs() > 1e-3) | (not relu)  # where rounding cannot move a value over ReLU's edge
    torch.autograd.backward(y, gradient)
    assert torch.all((y > 0)[sure] == kept[sure]) or not relu
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12, torch.bfloat16: 2e-2}[dtype]
    torch.testing.assert_close(y.double(), expected * kept, rtol=tolerance, atol=max(tolerance, 1e-3 * relu))
    axes = [0] if flat else [0, 2, 3]
    torch.testing.assert_close(mean.double(), exact[0].mean(axes), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(variance.double(), exact[0].var(axes, correction=0), rtol=1e-5, atol=1e-6)
    if bool(sure.all()):
        torch.autograd.backward(expected, gradient.double() * kept)
        for found, wanted in zip(ours, exact, strict=True):
            scale = float(wanted.grad.abs().max())  # type: ignore[union-attr]  # there are gradients
            torch.testing.assert_close(found.grad.double(), wanted.grad, rtol=tolerance, atol=tolerance * scale)  # type: ignore[union-attr]  # the same


def test_batch_norm_keeps_its_digits_far_from_zero() -> None:
    x = (made(64, 16, 4, 4) + 1e4).float()
    y, _, variance = batch_norm_train(x, torch.ones(16), torch.zeros(16), 1e-5, relu=False)
    exact = F.batch_norm(x.double(), None, None, training=True)
    torch.testing.assert_close(variance.double(), x.double().var([0, 2, 3], correction=0), rtol=1e-5, atol=0)
    assert float((y - exact).abs().max()) < 0.01  # float32 has a step of 0.001 at 10,000


def test_batch_norm_passes_nan_on() -> None:
    x = made(4, 16, 3, 3).float()
    x[0, 5, 0, 0] = torch.nan
    y, _, _ = batch_norm_train(x, torch.ones(16), torch.zeros(16), 1e-5, relu=True)
    assert torch.isnan(y[:, 5]).all()
    assert not torch.isnan(y[:, [0, 4, 6]]).any()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("relu", [False, True])
def test_evaluation_scales_and_shifts(dtype: torch.dtype, relu: bool) -> None:
    x, wide = made(3, 20, 5, 5, dtype=dtype), torch.float64 if dtype == torch.float64 else torch.float32
    scale, shift = made(20, seed=1).to(wide), made(20, seed=2).to(wide)
    expected = (x.to(wide) * scale[:, None, None] + shift[:, None, None]).to(dtype)
    found = batch_norm_eval(x, scale, shift, relu=relu)
    torch.testing.assert_close(found, expected.relu() if relu else expected)
    assert bool((found < 0).any()) != relu


@pytest.mark.parametrize("dtype", TYPES)
def test_add_relu_is_torchs_to_the_bit(dtype: torch.dtype) -> None:
    a, b = (made(3, 5, 7, 3, dtype=dtype, seed=seed).requires_grad_() for seed in (1, 2))
    gradient = made(3, 5, 7, 3, dtype=dtype, seed=3)
    y, expected = add_relu(a, b), torch.relu(a + b)
    assert torch.equal(y, expected)
    ours, theirs = torch.autograd.grad(y, (a, b), gradient), torch.autograd.grad(expected, (a, b), gradient)
    assert all(torch.equal(found, wanted) for found, wanted in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("channels", [1, 3])
def test_normalising_is_a_product_and_a_sum(channels: int) -> None:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (20, 5, 7, channels), dtype=torch.uint8, generator=generator)
    scale, shift = (torch.rand((5, 7, channels), generator=generator) for _ in range(2))
    chosen = torch.tensor([3, 19, 3, 0])
    expected = pictures[chosen].float() * scale + shift
    found = normalise(pictures, chosen, scale, shift)
    torch.testing.assert_close(found, expected)
    assert torch.equal(normalise(pictures, chosen, scale, shift, torch.bfloat16), found.bfloat16())


@pytest.mark.parametrize("chosen", [[20], [-1]])
def test_normalising_reads_no_other_memory(chosen: list[int]) -> None:
    pictures = torch.zeros((20, 2, 2, 1), dtype=torch.uint8)
    with pytest.raises(IndexError, match="19"):
        normalise(pictures, torch.tensor(chosen), torch.ones(2, 2, 1), torch.zeros(2, 2, 1))


def test_the_kernels_take_dense_channels_last_tensors_alone() -> None:
    assert applies(made(2, 3, 4, 4))
    assert applies(made(2, 3))
    assert not applies(made(2, 3, 4, 4).contiguous())
    assert not applies(made(2, 3).half())
    assert not applies(made(4, 4)[:, :2])
    assert not applies(made(0, 3))
