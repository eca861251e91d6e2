"""Several trials of one architecture from their first steps to their last, in one forward and one backward pass."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor

from lossbench.data import Pictures
from lossbench.losses import PerSampleLoss, cross_entropy
from lossbench.spec import Trial
from lossbench.train.classifier import EVALUATION_BATCH
from lossbench.train.clock import Clock
from lossbench.train.epoch import Epoch, Snapshot
from lossbench.train.judge import mean_of
from lossbench.train.stack.batches import StackedBatches, in_channels
from lossbench.train.stack.lanes import Lane, lane_losses
from lossbench.train.stack.layers import Form, by_lane
from lossbench.train.stack.state import StackState
from lossbench.train.state import to_numpy

__all__ = ["take_step", "train_stack"]

LossOf = Callable[[Lane], PerSampleLoss]


def train_stack(
    trials: Sequence[Trial],
    pictures: Pictures,
    resume_from: Sequence[Snapshot | None] = (),
    *,
    device: str = "cpu",
    clocks: Sequence[Clock] = (),
    form: Form = "grouped",
) -> Iterator[tuple[int, Epoch | BaseException]]:
    """Trains classifiers of one architecture together, epoch by epoch.

    Each computes what `train` computes of it alone, but for the rounding of sums that are added up in another order.
    A lane that diverges, whose loss raises, or that has fewer epochs than others, leaves the stack and disturbs none.

    Args:
        trials: what to train; all that `stack_key` names of them is equal, and the lengths of their splits are.
        pictures: the data with the trials' digest.
        resume_from: a snapshot of each trial, by a stack; None for one that is begun.
        device: a torch device.
        clocks: are told where each trial's time goes: its share of the stack's.
        form: how convolutions are computed.

    Yields:
        The place of a trial among `trials`, and its first look (epoch 0, unless resumed), then every epoch; or what
        its own loss raised, after which it is no more heard of.

    Raises:
        UnstackableError: no stack has such a model.
        ValueError: the splits are not of the same lengths.
    """
    clock = Clock()
    found = tuple(resume_from) or (None,) * len(trials)
    state = StackState.start(trials, pictures, found, torch.device(device), form)
    if any(snapshot is None for snapshot in found):
        for lane in state.lanes:
            lane.silent = found[lane.index] is not None
        looks = _first_looks(state)
        clock.lap("starting")
        _share(clock, state.lanes, clocks)
        for lane, look in zip(state.lanes, looks, strict=True):
            if not (lane.silent or lane.twin):
                yield lane.index, lane.error or look
            lane.silent = False
    else:
        clock.lap("starting")
        _share(clock, state.lanes, clocks)
    _leave(state, frozenset())
    while state.lanes:
        clock.begin()  # what was told was kept meanwhile, which is not this clock's
        epochs = _train_epoch(state, clock)
        epochs = _evaluate(state, epochs, clock)
        _share(clock, state.lanes, clocks)
        for lane, epoch in zip(state.lanes, epochs, strict=True):
            if not lane.twin:
                yield lane.index, lane.error or epoch
        each = zip(state.lanes, epochs, strict=True)
        _leave(state, frozenset(lane.index for lane, epoch in each if epoch.diverged and not lane.twin))


def _leave(state: StackState, diverged: frozenset[int]) -> None:
    """Lets go of the lanes that have come to their end."""
    staying = [
        place
        for place, lane in enumerate(state.lanes)
        if not lane.error and lane.index not in diverged and lane.epoch < lane.trial.recipe.epochs
    ]
    if not any(not state.lanes[place].twin for place in staying):
        state.lanes = []
    elif len(staying) < len(state.lanes):
        state.narrow(staying)


def _share(clock: Clock, lanes: Sequence[Lane], clocks: Sequence[Clock]) -> None:
    """Gives each trial's clock its share of the time that the stack has taken since the last time."""
    real = [lane for lane in lanes if not lane.twin]
    for phase, seconds in clock.seconds.items():
        for lane in real if clocks else ():
            clocks[lane.index].seconds[phase] += seconds / len(real)
    clock.seconds.clear()


def _train_epoch(state: StackState, clock: Clock) -> list[Epoch]:
    """One pass over each lane's training split, in its seed's order of its epoch."""
    lanes = state.lanes
    numbers = [lane.epoch + 1 for lane in lanes]
    state.set_rates(numbers)
    batches = StackedBatches.of(lanes, numbers, state.fill)
    for lane, number in zip(lanes, numbers, strict=True):
        lane.begin_epoch(number, len(batches))
    outputs, norms = [], []  # kept as tensors: nothing inside an epoch waits for the device
    state.model.module.train()
    for step in range(len(batches)):
        clock.lap("data")
        output, norm = take_step(state, batches, step, partial(Lane.loss_at, step=step), clock)
        outputs.append(output)
        norms.append(norm)
    logits, losses = (to_numpy(torch.cat(parts, dim=1)) for parts in zip(*outputs, strict=True))
    of_steps = to_numpy(torch.stack(norms))
    snapshot = _snapshots(state)
    return [
        lane.judge.trained(
            lane.epoch,
            logits[place],
            losses[place],
            of_steps[:, place],
            partial(batches.order, place),
            partial(snapshot, place),
        )
        for place, lane in enumerate(lanes)
    ]


def take_step(
    state: StackState, batches: StackedBatches, step: int, loss_of: LossOf, clock: Clock
) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """One step of every lane.

    Returns:
        Logits (lanes, batch, classes) and losses (lanes, batch), and the gradients' norms before any clipping (lanes,).
    """
    output = _forward_backward(state, batches, step, loss_of, clock)
    norms = _clipped(state)
    state.optimizer.step()
    clock.lap("step")
    return output, norms


def _snapshots(state: StackState) -> Callable[[int], Snapshot]:
    """Gives the snapshot of the lane at a place; all are copied at once, if one is asked for."""
    copied = cache(state.snapshots)
    return lambda place: copied()[place]


def _forward_backward(
    state: StackState, batches: StackedBatches, step: int, loss_of: LossOf, clock: Clock, *, mixed: bool = True
) -> tuple[Tensor, Tensor]:
    """Logits (lanes, batch, classes) and losses (lanes, batch), without their graph; the gradients are in the model."""
    inputs, target = batches.inputs(step, state.prepared, mixed=mixed), batches.target(step, state.classes, mixed=mixed)
    clock.lap("data")
    logits = state.forward(inputs)
    clock.lap("forward")
    losses = lane_losses(state.lanes, loss_of, logits, target)
    total = losses.mean(dim=1).sum()
    clock.lap("loss")
    total.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    clock.lap("backward")
    return logits.detach(), losses.detach()


def _clipped(state: StackState) -> Tensor:
    """Each lane's gradient norm (lanes,) before it is scaled down to the recipe's length where it is longer."""
    norms, clip = state.model.norms(), state.recipe.clip
    if clip is not None:
        state.model.gradients.mul_(state.model.spread((clip / (norms + 1e-6)).clamp(max=1.0)))
    return norms


def _evaluate(state: StackState, epochs: Sequence[Epoch], clock: Clock) -> list[Epoch]:
    """The epochs with their splits evaluated in evaluation mode, where they are to be."""
    asked = [
        place
        for place, (lane, epoch) in enumerate(zip(state.lanes, epochs, strict=True))
        if lane.trial.recipe.evaluated(lane.epoch) and not (epoch.diverged or lane.error or lane.twin)
    ]
    judged = list(epochs)
    if asked:
        state.model.module.eval()
        running = state.recipe.train_metrics == "running"
        names = [name for name in state.lanes[0].splits if name != "train" or not running]
        outputs = {name: _infer(state, name, asked) for name in names}

        def judge(place: int) -> Epoch:
            own = ((name, logits[place], losses[place]) for name, (logits, losses) in outputs.items())
            return state.lanes[place].judge.evaluated(epochs[place], own)

        for place, epoch in zip(asked, _each(judge, asked, _threads(state)), strict=True):
            judged[place] = epoch
    clock.lap("evaluation")
    return judged


def _threads(state: StackState) -> int:
    """How many lanes are judged side by side: beside a GPU all cores are free."""
    return os.cpu_count() or 1 if state.model.values.is_cuda else 1


def _each(function: Callable[[int], Epoch], places: Sequence[int], threads: int) -> list[Epoch]:
    if threads == 1:
        return [function(place) for place in places]
    with ThreadPoolExecutor(min(threads, len(places))) as pool:
        return list(pool.map(function, places))


def _infer(state: StackState, name: str, places: Sequence[int]) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Logits (lanes, n, classes) of a split, and the losses (n,) of the lanes at some places."""
    splits = [lane.splits[name] for lane in state.lanes]
    length, device = len(splits[0]), splits[0].labels.device
    parts = torch.split(torch.arange(length, device=device), EVALUATION_BATCH)
    with torch.no_grad():
        logits = torch.cat([state.forward(_chosen(state, name, part)) for part in parts], dim=1)
        losses = {}
        for place in places:
            lane = state.lanes[place]
            lane.begin(f"evaluation of {name}", lane.epoch)
            losses[place] = lane.losses_of_split(name, logits[place])
    return to_numpy(logits), losses


def _chosen(state: StackState, name: str, positions: Tensor) -> Tensor:
    """The pictures at some positions of each lane's split, as the stacked model takes them."""
    splits = [lane.splits[name] for lane in state.lanes]
    chosen = torch.cat([split.places(positions) for split in splits])
    return in_channels(by_lane(state.prepared(splits[0].pictures, chosen), len(splits)))


def _first_looks(state: StackState) -> list[Epoch]:
    """Each lane's first batch at its first weights: its loss and gradient norm, and those of cross entropy.

    Lanes that go on from a snapshot are computed, too, and left as they are; those are silent.
    """
    epochs = [lane.epoch for lane in state.lanes]
    batches = StackedBatches.of(state.lanes, [1] * len(epochs), state.fill)
    buffers = list(state.model.module.buffers())
    before = [buffer.clone() for buffer in buffers]  # a forward pass moves batch norm's statistics
    state.model.module.train()
    for lane in state.lanes:
        lane.begin_epoch(1, len(batches))
    looks = []
    for loss_of in (partial(Lane.loss_at, step=0), _cross_entropy):
        for lane in state.lanes:
            lane.begin("forward")
        _, values = _forward_backward(state, batches, 0, loss_of, Clock(), mixed=False)
        looks.append((to_numpy(values), to_numpy(state.model.norms())))
        state.model.gradients.zero_()
    for buffer, value in zip(buffers, before, strict=True):
        buffer.copy_(value)
    for lane, done in zip(state.lanes, epochs, strict=True):
        lane.epoch = done
    (own, own_norms), (plain, plain_norms) = looks
    snapshot = _snapshots(state)
    return [
        Epoch(
            0,
            mean_of(own[place]),
            float(own_norms[place]),
            partial(snapshot, place),
            cross_entropy=(mean_of(plain[place]), float(plain_norms[place])),
        )
        for place in range(len(state.lanes))
    ]


def _cross_entropy(lane: Lane) -> PerSampleLoss:  # noqa: ARG001 - the same for every lane
    return cross_entropy
