"""The models by name: shapes, sizes, parameters counted by hand, weights that depend on the seed alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from lossbench.errors import RequestError
from lossbench.models import MODELS, build, check_model, model_digest

SIZES = [(1, 8), (1, 28), (3, 32)]  # channels, height = width
NAMES = list(MODELS)


def conv(before: int, after: int, kernel: int = 3, bias: bool = False) -> int:
    return before * after * kernel * kernel + bias * after


def linear(before: int, after: int) -> int:
    return before * after + after


def norm(channels: int) -> int:
    return 2 * channels


def pooled(size: int, times: int) -> int:
    return size >> times


def mlp(channels: int, size: int, classes: int) -> int:
    return linear(channels * size * size, 256) + linear(256, classes)


def lenet5(channels: int, size: int, classes: int) -> int:
    side = ((size + (4 if size < 32 else 0) - 4) // 2 - 4) // 2
    dense = linear(16 * side * side, 120) + linear(120, 84) + linear(84, classes)
    return conv(channels, 6, 5, bias=True) + conv(6, 16, 5, bias=True) + dense


def cnn(channels: int, size: int, classes: int) -> int:
    blocks = conv(channels, 16) + norm(16) + conv(16, 32) + norm(32) + conv(32, 64) + norm(64)
    return blocks + linear(64 * pooled(size, 3) ** 2, classes)


def cnn8(channels: int, size: int, classes: int) -> int:
    widths = [channels, 64, 64, 128, 128, 196, 196]
    blocks = sum(conv(a, b) + norm(b) for a, b in pairwise(widths))
    return blocks + linear(196 * pooled(size, 3) ** 2, 256) + norm(256) + linear(256, classes)


def residual(blocks: int, channels: int, classes: int) -> int:
    widths = [channels, 16] + [16] * 2 * blocks + [32] * 2 * blocks + [64] * 2 * blocks
    return sum(conv(a, b) + norm(b) for a, b in pairwise(widths)) + linear(64, classes)


def resnet20(channels: int, size: int, classes: int) -> int:
    return residual(3, channels, classes)


def resnet32(channels: int, size: int, classes: int) -> int:
    return residual(5, channels, classes)


def resnet50(channels: int, size: int, classes: int) -> int:
    total, before = conv(channels, 64) + norm(64), 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        total += conv(before, 4 * width, 1) + norm(4 * width)  # the shortcut into the stage
        for _ in range(blocks):
            total += conv(before, width, 1) + conv(width, width) + conv(width, 4 * width, 1)
            total += 2 * norm(width) + norm(4 * width)
            before = 4 * width
    return total + linear(2048, classes)


BY_HAND = {
    "mlp": mlp,
    "lenet5": lenet5,
    "cnn": cnn,
    "cnn8": cnn8,
    "resnet20": resnet20,
    "resnet32": resnet32,
    "resnet50": resnet50,
}
PUBLISHED = {
    "mlp": 789_258,
    "lenet5": 62_006,
    "cnn": 33_946,
    "cnn8": 1_639_018,
    "resnet20": 269_722,
    "resnet32": 464_154,
    "resnet50": 23_520_842,
}


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_names() -> None:
    assert list(PUBLISHED) == NAMES
    with pytest.raises(TypeError):
        MODELS["new"] = MODELS["mlp"]  # type: ignore[index]  # that it cannot be done is what is tested
    for entry in MODELS.values():
        assert entry.version >= 1
        assert entry.description


@pytest.mark.parametrize(
    ("name", "channels", "size"),
    [(name, channels, size) for name in NAMES for channels, size in SIZES if (name, size) != ("lenet5", 8)],
)
def test_logits_for_every_size_it_takes(name: str, channels: int, size: int) -> None:
    model = build(name, 7, channels, (size, size), seed=1)
    assert model.training
    assert model(torch.rand(3, channels, size, size)).shape == (3, 7)
    assert model.eval()(torch.rand(1, channels, size, size)).shape == (1, 7)
    assert count(model) == BY_HAND[name](channels, size, 7)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", NAMES)
def test_parameters_on_coloured_pictures_of_32_pixels(name: str) -> None:
    assert count(build(name, 10, 3, (32, 32), seed=1)) == PUBLISHED[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_least_size_is_the_least(name: str) -> None:
    least = MODELS[name].smallest
    model = build(name, 3, 1, (least, least), seed=1)
    assert model.eval()(torch.rand(2, 1, least, least)).shape == (2, 3)
    if least > 1:
        with pytest.raises(RequestError, match=f"at least {least}×{least} pixels for {name}, got {least - 1}×40"):
            build(name, 3, 1, (least - 1, 40), seed=1)


def test_a_refusal_names_the_models_that_would_do() -> None:
    with pytest.raises(RequestError) as error:
        build("lenet5", 10, 1, (8, 8), seed=1)
    assert str(error.value) == (
        "models: expected pictures of at least 12×12 pixels for lenet5, got 8×8 "
        "(mlp, cnn, cnn8, resnet20, resnet32, resnet50 would take them, or --size 12 resizes them)"
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(12, 40), (40, 13), (31, 33), (33, 35)])
def test_pictures_that_are_not_square(name: str, size: tuple[int, int]) -> None:
    assert build(name, 4, 2, size, seed=1)(torch.rand(2, 2, *size)).shape == (2, 4)


@pytest.mark.parametrize("name", NAMES)
class TestWeights:
    def weights(self, name: str, seed: int) -> dict[str, torch.Tensor]:
        return build(name, 10, 1, (28, 28), seed).state_dict()

    def test_one_seed_one_model_whatever_was_drawn_before(self, name: str) -> None:
        first = self.weights(name, 1)
        torch.rand(3)
        again = self.weights(name, 1)
        assert first.keys() == again.keys()
        assert all(torch.equal(first[key], again[key]) for key in first)

    def test_another_seed_other_weights(self, name: str) -> None:
        first, other = self.weights(name, 1), self.weights(name, 2)
        drawn = [key for key in first if first[key].dim() > 1]
        assert drawn
        assert not any(torch.equal(first[key], other[key]) for key in drawn)

    def test_the_global_generator_is_left_alone(self, name: str) -> None:
        before = torch.get_rng_state()
        self.weights(name, 1)
        assert torch.equal(torch.get_rng_state(), before)

    def test_finding_its_size_does_not_count_as_a_batch(self, name: str) -> None:
        weights = self.weights(name, 1)
        assert all(value.item() == 0 for key, value in weights.items() if key.endswith("num_batches_tracked"))
        assert all((value == 0).all() for key, value in weights.items() if key.endswith("running_mean"))

    def test_every_parameter_has_a_gradient(self, name: str) -> None:
        model = build(name, 10, 1, (28, 28), 1)
        model(torch.rand(4, 1, 28, 28)).square().sum().backward()
        assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_small_network_is_the_function_that_the_document_had() -> None:
    """ReLU behind max pooling is ReLU before it."""
    pictures = torch.randn(4, 3, 10, 10)
    relu, pool = nn.ReLU(), nn.MaxPool2d(2)
    assert torch.equal(relu(pool(pictures)), pool(relu(pictures)))


def test_an_unknown_name() -> None:
    sentence = (
        "models: expected one of cnn, cnn8, lenet5, mlp, resnet20, resnet32, resnet50, timm:NAME, torchvision:NAME "
        "or module:callable, got "
        "lenet (did you mean lenet5?)"
    )
    with pytest.raises(RequestError) as error:
        check_model("lenet")
    assert str(error.value) == sentence
    with pytest.raises(RequestError) as error:
        build("lenet", 10, 1, (28, 28), seed=1)
    assert str(error.value) == sentence


def test_the_catalogues_models_have_no_digest() -> None:
    for name in NAMES:
        check_model(name)
        assert model_digest(name) is None


def test_resnet20_halves_the_picture_twice() -> None:
    model = build("resnet20", 10, 3, (32, 32), seed=1)
    assert isinstance(model, nn.Sequential)
    assert model[:-2](torch.rand(2, 3, 32, 32)).shape == (2, 64, 8, 8)


def test_resnet50_halves_it_three_times() -> None:
    model = build("resnet50", 10, 3, (32, 32), seed=1)
    assert isinstance(model, nn.Sequential)
    assert model[:-2](torch.rand(2, 3, 32, 32)).shape == (2, 2048, 4, 4)
    assert model[:3](torch.rand(2, 3, 32, 32)).shape == (2, 64, 32, 32)
