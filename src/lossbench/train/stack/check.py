"""Whether a model that is not the catalogue's computes in a stack what it computes alone: tried on random pictures."""

from __future__ import annotations

import copy
import random

import numpy as np
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
        models = [_moved(model, lane) for lane in range(_LANES)]
        with torch_stream(0, "stack"):
            differing = _differing(models, shape) or _disturbed(models, shape)
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


def _stacked(models: list[nn.Module]) -> StackedModel:
    stacked = StackedModel(models[0], len(models))
    for lane, model in enumerate(models):
        stacked.take(lane, model)
    return stacked


def _differing(models: list[nn.Module], shape: tuple[int, ...]) -> str:
    """What differs between models in a stack and alone; empty where nothing does."""
    stacked = _stacked(models)
    generator = stream(_LANES, "stack")
    for training in (True, False):
        x = torch.from_numpy(generator.normal(size=(_LANES, _BATCH, *shape)))
        stacked.gradients.zero_()
        outputs = _outputs(stacked.module.train(training), in_channels(x)).view(_BATCH, _LANES, -1).transpose(0, 1)
        torch.autograd.backward(outputs.square().sum())
        for lane, model in enumerate(models):
            model.zero_grad()
            expected = _outputs(model.train(training), x[lane])
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


def _disturbed(models: list[nn.Module], shape: tuple[int, ...]) -> str:
    """What a lane that has diverged changes of another; empty where nothing."""
    stacked = _stacked(models)
    x = torch.from_numpy(stream(_LANES, "stack").normal(size=(_LANES, _BATCH, *shape)))
    x[1] = torch.nan
    outputs = _outputs(stacked.module.train(), in_channels(x)).view(_BATCH, _LANES, -1).transpose(0, 1)
    torch.autograd.backward(outputs.square().sum())
    for lane in (0, 2):
        models[lane].zero_grad()
        expected = _outputs(models[lane].train(), x[lane])
        torch.autograd.backward(expected.square().sum())
        if not _close(outputs[lane], expected) or not _close_gradients(stacked, lane, models[lane]):
            return "outputs beside a lane that has diverged"
    return ""


def _outputs(model: nn.Module, x: Tensor) -> Tensor:
    """What a model gives.

    Raises:
        UnstackableError: it draws from a generator that it was not given.
    """
    before = torch.get_rng_state(), random.getstate(), str(np.random.get_state(legacy=False))
    y: Tensor = model(x)
    after = torch.get_rng_state(), random.getstate(), str(np.random.get_state(legacy=False))
    if not torch.equal(before[0], after[0]) or before[1:] != after[1:]:
        raise UnstackableError("it draws, which lanes would do in each other's place")
    return y


def _close_gradients(stacked: StackedModel, lane: int, model: nn.Module) -> bool:
    ours = stacked.gradients_of(lane)
    theirs = {name: value.grad for name, value in model.named_parameters() if value.grad is not None}
    return all(_close(ours[name], gradient) for name, gradient in theirs.items())


def _close(ours: Tensor, theirs: Tensor) -> bool:
    return ours.shape == theirs.shape and torch.allclose(ours, theirs, rtol=_CLOSE, atol=_CLOSE)
