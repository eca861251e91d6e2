"""Fused models compute what they computed before."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from lossbench.models import MODELS, build
from lossbench.native import fuse, library
from lossbench.native.layers import NativeBatchNorm2d, NativeConv2d, NativeMaxPool2d
from lossbench.native.library import SWITCH, compiler

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler: torch's own kernels are used here")


@pytest.fixture
def without_kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(SWITCH, "0")
    library.cache_clear()
    yield
    library.cache_clear()


def block() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))


def pictures(size: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((6, 3, size, size), dtype=torch.float64, generator=generator)
    return x.to(memory_format=torch.channels_last)


def steps(model: nn.Module, size: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Three steps of training in float64; logits in evaluation mode and everything that changed."""
    x, target = pictures(size), torch.arange(6)
    model = model.double().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss modules here
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        torch.autograd.backward(nn.functional.cross_entropy(model(x), target))
        optimizer.step()
    with torch.no_grad():
        return model.eval()(x), dict(model.state_dict())


@pytest.mark.parametrize("name", MODELS)
def test_training_gives_what_it_gave(name: str) -> None:
    model = build(name, 10, 3, (32, 32), 1)
    fused = copy.deepcopy(model)
    assert fuse(fused)
    size = 16 if name == "resnet50" else 32  # the same layers, in a quarter of the time
    logits, state = steps(model, size)
    ours, changed = steps(fused, size)
    torch.testing.assert_close(ours, logits, rtol=1e-9, atol=1e-9)
    assert list(changed) == list(state)
    for key, value in state.items():
        torch.testing.assert_close(changed[key], value, rtol=1e-8, atol=1e-9, msg=key)


@pytest.mark.parametrize(
    ("name", "taken_in"), [("lenet5", 4), ("cnn", 3), ("cnn8", 7), ("resnet20", 10), ("resnet32", 16), ("resnet50", 33)]
)
def test_every_neighbour_of_a_native_layer_is_taken_in(name: str, taken_in: int) -> None:
    model = build(name, 10, 3, (32, 32), 1)
    fuse(model)
    assert sum(isinstance(layer, nn.Identity) for layer in model.modules()) == taken_in


def test_a_relu_before_the_pooling_is_taken_in() -> None:
    model = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2))
    x = pictures().float()
    with torch.no_grad():
        expected = model(x)
        fuse(model)
        assert isinstance(model[1], nn.Identity)
        assert torch.equal(model(x), expected)


@pytest.mark.parametrize("relu_first", [False, True])
def test_a_convolution_takes_in_pooling_and_relu_in_either_order(relu_first: bool) -> None:
    behind = [nn.ReLU(), nn.MaxPool2d(2)] if relu_first else [nn.MaxPool2d(2), nn.ReLU()]
    model = nn.Sequential(nn.Conv2d(3, 6, 5), *behind, nn.Conv2d(6, 16, 3)).double()
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss modules here
    plain = copy.deepcopy(model)
    fuse(model)
    assert [type(layer) for layer in model] == [NativeConv2d, nn.Identity, nn.Identity, nn.Conv2d]
    for training in (True, False):
        torch.testing.assert_close(model.train(training)(pictures()), plain.train(training)(pictures()))
    with torch.no_grad():
        torch.testing.assert_close(model(pictures()), plain(pictures()))


def test_a_convolution_of_many_channels_stays() -> None:
    model = nn.Sequential(nn.Conv2d(3, 32, 3), nn.Conv2d(32, 8, 3), nn.MaxPool2d(2))
    fuse(model)
    assert [type(layer) for layer in model] == [nn.Conv2d, nn.Conv2d, NativeMaxPool2d]


class Layers(nn.Module):
    """Three layers, and what each of the models below does with them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.relu = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3), nn.ReLU()


class Listens(Layers):
    """Uses the batch norm's result twice, so that nothing may be taken into it."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn(self.conv(x))
        z: Tensor = self.relu(y) - y
        return z


class SharesReLU(Layers):
    """One ReLU for two places."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(self.relu(self.bn(self.conv(x))) - 0.5)
        return y


class DoesWithoutInEvaluation(Layers):
    """Takes another way in evaluation than in training."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn(self.conv(x))
        z: Tensor = self.relu(y) if self.training else y
        return z


class Decides(Layers):
    """Cannot be traced, for its way depends on values."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn(self.conv(x))
        z: Tensor = self.relu(y) if bool(y.sum() > 1e9) else y
        return z


@pytest.mark.parametrize("kind", [Listens, SharesReLU, DoesWithoutInEvaluation, Decides])
def test_a_relu_stays_where_taking_it_in_is_not_sure(kind: type[nn.Module]) -> None:
    model = kind().double().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss modules here
    plain = copy.deepcopy(model)
    assert fuse(model)
    assert isinstance(model.relu, nn.ReLU)
    assert isinstance(model.bn, NativeBatchNorm2d)
    for training in (True, False):
        with torch.no_grad():
            torch.testing.assert_close(model.train(training)(pictures()), plain.train(training)(pictures()))


def test_layers_that_somebody_listens_to_stay() -> None:
    model = nn.Sequential(*list(block())[:3])
    heard: list[Tensor] = []
    model[1].register_forward_hook(lambda layer, arguments, result: heard.append(result))
    fuse(model)
    assert type(model[1]) is nn.BatchNorm2d
    assert isinstance(model[2], nn.ReLU)
    model(pictures().float())
    assert bool((heard[0] < 0).any())


@pytest.mark.parametrize(
    "layer",
    [
        nn.MaxPool2d(3, stride=2),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.MaxPool2d((2, 1)),
        nn.MaxPool2d(2, return_indices=True),
        nn.BatchNorm2d(8, affine=False),
        nn.BatchNorm2d(8, track_running_stats=False),
        nn.BatchNorm2d(8, momentum=None),
    ],
)
def test_unusual_layers_stay(layer: nn.Module) -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), layer)
    fuse(model)
    assert type(model[1]) is type(layer)
    assert not isinstance(model[1], NativeBatchNorm2d | NativeMaxPool2d)


def test_batch_norm_falls_back_where_the_kernels_do_not_apply() -> None:
    model = block().double()
    plain = copy.deepcopy(model)
    fuse(model)
    x = pictures().contiguous()  # channels first
    torch.testing.assert_close(model(x), plain(x))
    x.requires_grad_()
    torch.testing.assert_close(  # evaluation that asks for a gradient
        torch.autograd.grad(model.eval()(x).sum(), x)[0], torch.autograd.grad(plain.eval()(x).sum(), x)[0]
    )


def test_without_kernels_nothing_changes(without_kernels: None) -> None:
    model = block()
    assert not fuse(model)
    assert [type(layer) for layer in model] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d]
