"""How many lanes a stack should have: from memory, and from the time that a step takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

import torch
from torch import Tensor

from lossbench.data import Pictures
from lossbench.spec import Trial
from lossbench.train.clock import Clock
from lossbench.train.stack.batches import StackedBatches
from lossbench.train.stack.lanes import Lane
from lossbench.train.stack.layers import Form
from lossbench.train.stack.loop import take_step
from lossbench.train.stack.state import StackState

__all__ = ["Cost", "Width", "best_width", "measured_width"]

_STEPS, _WARM = 6, 2  # of a width that is tried
_SHARE = 0.8  # of the free memory that a stack may take
_SPARE = 2.0  # what a step is found to keep, times this, is what it is taken to need: kernels want room to work in


@dataclass(frozen=True)
class Cost:
    """What a width was found to cost.

    Args:
        seconds: of one step, the fastest of several.
        bytes: that a stack of it is taken to need.
        form: of its convolutions, the faster one.
    """

    seconds: float
    bytes: int
    form: Form = "grouped"


@dataclass(frozen=True)
class Width:
    """How many lanes, and how they compute convolutions."""

    lanes: int
    form: Form


def best_width(trials: int, cost_of: Callable[[int], Cost | None], free: float) -> Width:
    """The width with which so many trials take the least time: widths are doubled until it gets longer.

    Args:
        trials: how many there are to train.
        cost_of: tries a width; None where there was not enough memory for it.
        free: bytes that there are.
    """
    best, least, width = Width(1, "grouped"), float("inf"), 1
    while width <= trials:
        cost = cost_of(width)
        if cost is None or (width > 1 and cost.bytes > _SHARE * free):
            break
        seconds = -(-trials // width) * cost.seconds
        if seconds >= least:
            break
        best, least = Width(width, cost.form), seconds
        width = min(2 * width, trials) if width < trials else trials + 1
    return best


def measured_width(
    trials: Sequence[Trial], pictures: Pictures, device: str, most: int | None = None, beside: int = 1
) -> Width:
    """The best width for trials of one stack, tried on this device just now.

    Args:
        trials: what is to be trained.
        pictures: their data.
        device: a torch device.
        most: a width that was asked for, of which only the form is chosen.
        beside: how many processes share the device's memory, this one among them.

    Raises:
        UnstackableError: no stack has such a model.
    """
    on = torch.device(device)
    if most is None:
        return best_width(len(trials), partial(_cost, trials, pictures, on), _free(on) / beside)
    if on.type != "cuda":
        return Width(most, "grouped")
    cost = _cost(trials, pictures, on, min(most, len(trials)))
    return Width(most, cost.form if cost else "grouped")


def _cost(trials: Sequence[Trial], pictures: Pictures, device: torch.device, width: int) -> Cost | None:
    some = list(islice(cycle(trials), width))
    costs = []
    for form in ("grouped", "gathered") if device.type == "cuda" else ("grouped",):
        try:
            costs.append(_tried(some, pictures, device, form))
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
    return min(costs, key=lambda cost: cost.seconds, default=None)


def _tried(trials: Sequence[Trial], pictures: Pictures, device: torch.device, form: Form) -> Cost:
    state = StackState.start(trials, pictures, [None] * len(trials), device, form)
    batches = StackedBatches.of(state.lanes, [1] * len(state.lanes), state.fill)
    for lane in state.lanes:
        lane.silent = True
        lane.begin_epoch(1, len(batches))
    state.set_rates([1] * len(state.lanes))
    state.model.module.train()
    kept, seconds = _Kept(), []
    for number in range(_WARM + _STEPS):
        step = number % len(batches)
        began = time.perf_counter()
        if number == 0:
            with torch.autograd.graph.saved_tensors_hooks(kept.note, lambda value: value):
                take_step(state, batches, step, partial(Lane.loss_at, step=step), Clock())
        else:
            take_step(state, batches, step, partial(Lane.loss_at, step=step), Clock())
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - began)
    vectors = 3 + len(state.optimizer.memory)  # values, gradients, learning rates, and what is remembered
    own = state.model.values.nbytes * vectors + state.model.lane_of.nbytes
    return Cost(min(seconds[_WARM:]), int(_SPARE * (own + kept.bytes)), form)


class _Kept:
    """Adds up what a forward pass keeps for the backward pass."""

    def __init__(self) -> None:
        self._seen = dict[int, int]()

    def note(self, value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        self._seen[storage.data_ptr()] = storage.nbytes()
        return value

    @property
    def bytes(self) -> int:
        return sum(self._seen.values())


def _free(device: torch.device) -> float:
    """Bytes that are free on a device."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    names = getattr(os, "sysconf_names", {})
    if "SC_AVPHYS_PAGES" in names:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return float("inf")
