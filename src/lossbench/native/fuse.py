"""A model's slow layers made to compute with the native kernels, in place."""

from __future__ import annotations

import copy
from collections import Counter

from torch import fx, nn

from lossbench.native.layers import (
    AddReLU,
    NativeBatchNorm1d,
    NativeBatchNorm2d,
    NativeConv2d,
    NativeMaxPool2d,
    takes_batch_norm,
    takes_convolution,
    takes_max_pool,
)
from lossbench.native.library import library

__all__ = ["fuse"]

_NATIVE: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: NativeBatchNorm1d,
    nn.BatchNorm2d: NativeBatchNorm2d,
    nn.MaxPool2d: NativeMaxPool2d,
}


def fuse(model: nn.Module) -> bool:
    """Gives slow layers their native forms, each with the neighbours that it can take in where that is sure.

    Batch norm takes in a ReLU behind it, max pooling one before or behind it, and a convolution of few channels the
    pooling behind it. The model computes the same function; parameters, buffers and their names stay. A neighbour is
    taken in where the model can be traced, in training and in evaluation, and the result between the two goes nowhere
    else. Layers with hooks stay as they are.

    Args:
        model: changed in place.

    Returns:
        Whether the kernels are there to compute with; the model is as it was when they are not.
    """
    if library() is None:
        return False
    trained, evaluated = (_next(model, training=training) for training in (True, False))
    following = {first: second for first, second in trained.items() if evaluated.get(first) == second}
    for layer in model.modules():
        if (takes_batch_norm(layer) or takes_max_pool(layer)) and not _hooked(layer):
            layer.__class__ = _NATIVE[type(layer)]
    for first, second in following.items():
        _take_in_relu(model, first, second)
    for first, second in following.items():
        behind = following.get(second, "") if type(model.get_submodule(second)) is nn.Identity else second
        if behind:
            _take_in_pool(model, first, behind)
    return True


def _take_in_relu(model: nn.Module, first: str, second: str) -> None:
    """Lets one of two neighbours do the other's work, if that is a ReLU."""
    layers = {name: model.get_submodule(name) for name in (first, second)}
    for relu, other in ((second, first), (first, second)):
        takes = (NativeMaxPool2d,) if relu == first else (NativeMaxPool2d, NativeBatchNorm1d, NativeBatchNorm2d)
        layer = layers[other]
        if type(layers[relu]) is nn.ReLU and isinstance(layer, takes) and not _hooked(layers[relu]):
            layer.relu = True
            model.set_submodule(relu, nn.Identity())
            return


def _take_in_pool(model: nn.Module, convolution: str, pool: str) -> None:
    """Lets a convolution do the work of the pooling behind it."""
    layer, behind = model.get_submodule(convolution), model.get_submodule(pool)
    if takes_convolution(layer) and not _hooked(layer) and isinstance(behind, NativeMaxPool2d):
        layer.__class__ = NativeConv2d
        assert isinstance(layer, NativeConv2d)  # noqa: S101 - for the type checker
        layer.window, layer.relu = behind.window, behind.relu
        model.set_submodule(pool, nn.Identity())


def _next(model: nn.Module, *, training: bool) -> dict[str, str]:
    """For each layer whose result goes into one other layer alone, and nowhere else: the names of both."""
    try:
        graph = _Tracer().trace(copy.deepcopy(model).train(training))
    except Exception:  # whatever a user's model raises when it is fed with proxies: nothing is sure then
        return {}
    calls = [node for node in graph.nodes if node.op == "call_module"]
    used = Counter(id(model.get_submodule(str(node.target))) for node in calls)
    once = {node for node in calls if used[id(model.get_submodule(str(node.target)))] == 1}
    lone = [(node, next(iter(node.users))) for node in calls if node in once and len(node.users) == 1]
    return {str(node.target): str(user.target) for node, user in lone if user in once}


class _Tracer(fx.Tracer):
    """Sees our own layers, as torch's, from outside."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, AddReLU) or super().is_leaf_module(m, module_qualified_name)


def _hooked(layer: nn.Module) -> bool:
    """Whether somebody listens to a layer, who would hear something else afterwards."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks)
