"""A model's slow layers made to compute with the native kernels, in place."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator

from torch import fx, nn

from lossbench.native.layers import (
    AddReLU,
    NativeBatchNorm1d,
    NativeBatchNorm2d,
    NativeMaxPool2d,
    takes_batch_norm,
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
    """Gives batch norm and max pooling layers their native forms, a ReLU beside them taken in where that is sure.

    The model computes the same function; parameters, buffers and their names stay. A ReLU is taken in where the model
    can be traced, in training and in evaluation, and its neighbour's result goes nowhere else. Layers with hooks stay.

    Args:
        model: changed in place.

    Returns:
        Whether the kernels are there to compute with; the model is as it was when they are not.
    """
    if library() is None:
        return False
    pairs = set(_pairs(model, training=True)) & set(_pairs(model, training=False))
    for layer in model.modules():
        if (takes_batch_norm(layer) or takes_max_pool(layer)) and not _hooked(layer):
            layer.__class__ = _NATIVE[type(layer)]
    for name, relu in sorted(pairs):
        layer = model.get_submodule(name)
        if type(layer) in _NATIVE.values() and not _hooked(model.get_submodule(relu)):
            layer.relu = True  # type: ignore[assignment]  # a plain attribute, where torch expects tensors and modules
            model.set_submodule(relu, nn.Identity())
    return True


def _pairs(model: nn.Module, *, training: bool) -> Iterator[tuple[str, str]]:
    """The names of layers that can take in a ReLU, and of the ReLU: the one's result goes into the other alone."""
    try:
        graph = _Tracer().trace(copy.deepcopy(model).train(training))
    except Exception:  # whatever a user's model raises when it is fed with proxies: nothing is sure then
        return
    used = Counter(id(model.get_submodule(str(node.target))) for node in graph.nodes if node.op == "call_module")
    for node in graph.nodes:
        if node.op != "call_module" or len(node.users) != 1:
            continue
        (user,) = node.users
        if user.op != "call_module":
            continue
        first, second = str(node.target), str(user.target)
        layers = model.get_submodule(first), model.get_submodule(second)
        if any(used[id(layer)] != 1 for layer in layers):
            continue
        if type(layers[1]) is nn.ReLU and type(layers[0]) in _NATIVE:
            yield first, second
        elif type(layers[0]) is nn.ReLU and type(layers[1]) is nn.MaxPool2d:
            yield second, first


class _Tracer(fx.Tracer):
    """Sees our own layers, as torch's, from outside."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, AddReLU) or super().is_leaf_module(m, module_qualified_name)


def _hooked(layer: nn.Module) -> bool:
    """Whether somebody listens to a layer, who would hear something else afterwards."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks)
