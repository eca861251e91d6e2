"""The bound: a stacked model that does nothing but step and evaluate, in each form, with and without a CUDA graph."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lossbench.data import Pictures
from lossbench.models import build
from lossbench.spec import Optimizer
from lossbench.train.stack.batches import in_channels
from lossbench.train.stack.layers import Form
from lossbench.train.stack.model import StackedModel
from lossbench.train.stack.optimizer import StackedOptimizer

__all__ = ["Bare", "bare"]

_WARM = 5
_BATCH, _EVALUATED = 128, 250


@dataclass(frozen=True)
class Bare:
    """A bare loop, measured.

    Args:
        form: of the convolutions.
        graph: whether a step was one CUDA graph.
        step: seconds.
        evaluation: seconds of a batch that is evaluated.
        per_second: pictures trained on, with both splits evaluated after each epoch, as lossbench does.
    """

    form: Form
    graph: bool
    step: float
    evaluation: float
    per_second: float


def bare(pictures: Pictures, model: str, lanes: int, device: str, *, bf16: bool, steps: int = 50) -> list[Bare]:
    """The bare loops that this device can have."""
    on = torch.device(device)
    forms: tuple[Form, ...] = ("grouped", "gathered")
    graphs = (False, True) if on.type == "cuda" else (False,)
    return [_measured(pictures, model, lanes, on, form, graph, bf16, steps) for form in forms for graph in graphs]


def _measured(
    pictures: Pictures, model: str, lanes: int, device: torch.device, form: Form, graph: bool, bf16: bool, steps: int
) -> Bare:
    shape = pictures.num_classes, pictures.channels, pictures.size
    one = build(model, *shape, seed=1).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss modules here
    stacked = StackedModel(one, lanes, form)
    optimizer = StackedOptimizer(Optimizer(), stacked)
    optimizer.set_rates(torch.full((lanes,), 0.01))
    data = torch.rand(len(pictures.train), *pictures.train.pictures.shape[1:], device=device)
    labels = torch.from_numpy(pictures.train.labels).to(device)
    chosen = torch.randint(len(labels), (lanes * _BATCH,), device=device)

    def step() -> None:
        logits = stacked.forward(_inputs(data, chosen, lanes), pictures.num_classes, bf16=bf16)
        losses = cross_entropy(logits.flatten(0, 1), labels[chosen], reduction="none")
        torch.autograd.backward(losses.view(lanes, -1).mean(dim=1).sum())
        optimizer.step()

    def evaluation() -> None:
        with torch.no_grad():
            stacked.forward(_inputs(data, chosen[:_EVALUATED].repeat(lanes), lanes), pictures.num_classes, bf16=bf16)

    stacked.module.train()
    for _ in range(_WARM):
        step()
    seconds = _seconds(_graph_of(step) if graph else step, steps, device)
    stacked.module.eval()
    evaluated = _seconds(evaluation, max(steps // 5, 1), device)
    train, test = len(pictures.train), len(pictures.test)
    epoch = -(-train // _BATCH) * seconds + (-(-train // _EVALUATED) + -(-test // _EVALUATED)) * evaluated
    return Bare(form, graph, seconds, evaluated, lanes * train / epoch)


def _inputs(data: Tensor, chosen: Tensor, lanes: int) -> Tensor:
    x = data[chosen]
    return in_channels(x.permute(0, 3, 1, 2).unflatten(0, (lanes, -1)))  # type: ignore[no-untyped-call]  # torch does not annotate it


def _graph_of(step: Callable[[], None]) -> Callable[[], None]:
    """A step as one CUDA graph: its kernels are launched together."""
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch does not annotate it
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def _seconds(work: Callable[[], None], times: int, device: torch.device) -> float:
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - began) / times
