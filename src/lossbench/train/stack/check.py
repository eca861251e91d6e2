"""Whether a model that is not the catalogue's computes in a stack what it computes alone: tried on random pictures."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from lossbench.errors import told
from lossbench.rng import stream, torch_stream
from lossbench.train.stack.batches import in_channels
from lossbench.train.stack.layers import UnstackableError
from lossbench.train.stack.model import StackedModel

__all__ = ["check_stackable"]

_LANES, _BATCH = 3, 4
_CLOSE = 1e-8  # of float64: rounding gives a millionth of it


def check_stackable(model: nn.Module, shape: tuple[int, ...]) -> None:
    """Trains a step of three copies with other weights, in a stack and each alone, in float64, and compares.

    Layers are known by their type, but what a model's own `forward` does between them is not: a sum over channels, say,
    would mix the lanes.

    Args:
        model: on the processor, float32; it is not changed.
        shape: of one picture, (channels, height, width), or of a vector, (features,).

    Raises:
        UnstackableError: it computes something else, or it raised.
    """
    try:
        with torch_stream(0, "stack"):
            differing = _differing([_moved(model, lane) for lane in range(_LANES)], shape)
    except UnstackableError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's model raises at other shapes, or at float64
        raise UnstackableError(f"it raised in a stack: {told(error)}") from error
    if differing:
        raise UnstackableError(f"its {differing} in a stack are not what it has alone")


def _moved(model: nn.Module, lane: int) -> nn.Module:
    """A copy in float64 with other weights."""
    other = copy.deepcopy(model).double()
    generator = stream(lane, "stack")
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(torch.from_numpy(generator.normal(size=tuple(parameter.shape))), alpha=0.1)
    return other


def _differing(models: list[nn.Module], shape: tuple[int, ...]) -> str:
    """What differs between models in a stack and alone; empty where nothing does."""
    stacked = StackedModel(models[0], _LANES)
    for lane, model in enumerate(models):
        stacked.load(lane, {**dict(model.named_parameters()), **dict(model.named_buffers())})
    generator = stream(_LANES, "stack")
    for training in (True, False):
        x = torch.from_numpy(generator.normal(size=(_LANES, _BATCH, *shape)))
        stacked.gradients.zero_()
        outputs = stacked.module.train(training)(in_channels(x)).view(_BATCH, _LANES, -1).transpose(0, 1)
        torch.autograd.backward(outputs.square().sum())
        for lane, model in enumerate(models):
            model.zero_grad()
            expected = model.train(training)(x[lane])
            torch.autograd.backward(expected.square().sum())
            if not _close(outputs[lane], expected):
                return "outputs"
            if any(value.grad is None for value in model.parameters() if value.requires_grad):
                raise UnstackableError("a parameter of it gets no gradient, which an optimizer leaves alone")
            if not _close_gradients(stacked, lane, model):
                return "gradients"
            if not all(_close(stacked.state(lane)[name], value) for name, value in model.named_buffers()):
                return "statistics"
    return ""


def _close_gradients(stacked: StackedModel, lane: int, model: nn.Module) -> bool:
    ours = stacked.gradients_of(lane)
    theirs = {name: value.grad for name, value in model.named_parameters() if value.grad is not None}
    return all(_close(ours[name], gradient) for name, gradient in theirs.items())


def _close(ours: Tensor, theirs: Tensor) -> bool:
    return ours.shape == theirs.shape and torch.allclose(ours, theirs, rtol=_CLOSE, atol=_CLOSE)
