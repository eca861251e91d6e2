"""The lanes of a stack: a trial each, on pictures that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lossbench.data import Part, Pictures, Split, prepare
from lossbench.errors import TrialError
from lossbench.losses import PerSampleLoss
from lossbench.rng import torch_stream
from lossbench.spec import Trial
from lossbench.train.judge import Judge
from lossbench.train.loop import NO_GRADIENT
from lossbench.train.objective import Objective
from lossbench.train.state import DeviceSplit, judge_of, to_numpy

__all__ = ["Lane", "lane_losses", "lanes_of"]


@dataclass(eq=False)
class Lane:
    """One trial of a stack.

    Args:
        index: its place among the trials that were asked for.
        trial: which.
        objective: its loss.
        splits: `train`, `test`, and `validation` where the scenario has it; all lanes' share their pictures.
        judge: makes epochs of its logits and losses.
        counts: how often each class is trained on, as the loss may have them bound.
        epoch: how many epochs are done.
        twin: whether it is there only to keep another one company.
        silent: whether its loss is left alone for now if it is the user's own, which may remember its calls: it has no
            losses then.
        error: what its loss raised; it is left out from the next epoch on.
        drawn: torch's generator as its own loss left it, on the processor and on the device.
    """

    index: int
    trial: Trial
    objective: Objective
    splits: Mapping[str, DeviceSplit]
    judge: Judge
    counts: tuple[int, ...]
    epoch: int = 0
    twin: bool = False
    silent: bool = False
    error: BaseException | None = None
    drawn: tuple[Tensor, Tensor | None] | None = None
    _losses: Callable[[int], PerSampleLoss] = field(init=False)

    def begin(self, purpose: str, number: int = 0) -> None:
        """Lets what its own loss draws from torch's generator begin as in a trial that is trained alone."""
        if self.trial.loss.own:
            with torch_stream(self.trial.seed, purpose, number):
                self.drawn = _generators(self.objective.device)

    def begin_epoch(self, number: int, steps: int) -> None:
        """Goes to the epoch of a number, counted from 1, which has so many steps."""
        self.epoch = number
        self._losses = self.objective.for_epoch(number, steps)
        self.begin("forward", number)

    def loss_at(self, step: int) -> PerSampleLoss:
        """The loss of a step of its epoch, counted from 0."""
        return self._losses(step)

    def alike(self) -> tuple[object, ...]:
        """Lanes of which this is equal have one loss, of which the samples can be taken together; else it is unique."""
        needs = self.objective.loss.needs
        if self.trial.loss.own or needs & {"batch", "generator"}:
            return (id(self),)
        progress = (self.epoch, self.trial.recipe.epochs) if "progress" in needs else ()
        return (str(self.trial.loss), self.counts if "class_counts" in needs else (), progress)

    def losses_of_split(self, name: str, logits: Tensor) -> np.ndarray:
        """Its losses of a split after its epoch, (n,); NaN where its own loss raised, which is noted."""
        try:
            with _Drawing(self):
                return to_numpy(self.objective.of_split(name, logits, self.splits[name].labels, self.epoch))
        except BaseException as error:  # a user's loss may raise anything
            self.failed(error)
            return np.full(len(logits), np.nan, dtype=np.float32)

    def failed(self, error: BaseException) -> None:
        """Notes what its own loss raised; raises again what is not that loss's fault."""
        if isinstance(error, KeyboardInterrupt | MemoryError | torch.OutOfMemoryError) or not self.trial.loss.own:
            raise error
        self.error = self.error or error


def lanes_of(trials: Sequence[Trial], pictures: Pictures, device: torch.device) -> list[Lane]:
    """Lanes of trials with the same data, which are put on the device once, as much of them as any trial has.

    Raises:
        ValueError: their splits are not of the same lengths.
    """
    parts = [prepare(pictures, trial.scenario, trial.seed, trial.digests.get("label_noise")) for trial in trials]
    if len({tuple((name, len(part)) for name, part in each.items()) for each in parts}) > 1:
        raise ValueError("the trials of a stack have splits of the same lengths")
    shared = {
        "train": _Shared.of(pictures.train, [p for each in parts for n, p in each.items() if n != "test"], device),
        "test": _Shared.of(pictures.test, [each["test"] for each in parts], device),
    }
    return [
        _lane(index, trial, each, shared, pictures.num_classes, device)
        for index, (trial, each) in enumerate(zip(trials, parts, strict=True))
    ]


@dataclass(frozen=True, eq=False)
class _Shared:
    """Pictures on the device, and where each of the data's rows lies among them; None where all lie as they are."""

    pictures: Tensor
    places: np.ndarray | None

    @classmethod
    def of(cls, split: Split, parts: Sequence[Part], device: torch.device) -> _Shared:
        used = np.zeros(len(split), dtype=bool)
        for part in parts:
            used[part.rows] = True
        if used.all():
            return cls(torch.from_numpy(split.pictures).to(device), None)
        taken = np.ascontiguousarray(split.pictures[used])
        return cls(torch.from_numpy(taken).to(device), np.cumsum(used) - 1)

    def split(self, part: Part) -> DeviceSplit:
        rows = part.rows if self.places is None else self.places[part.rows]
        device = self.pictures.device
        labels, places = (torch.from_numpy(np.ascontiguousarray(v, dtype=np.int64)) for v in (part.labels, rows))
        return DeviceSplit(self.pictures, labels.to(device), places.to(device))


def _lane(
    index: int,
    trial: Trial,
    parts: Mapping[str, Part],
    shared: Mapping[str, _Shared],
    classes: int,
    device: torch.device,
) -> Lane:
    labels = parts["train"].labels
    objective = Objective.of(trial, labels, classes, device)
    splits = {name: shared["test" if name == "test" else "train"].split(part) for name, part in parts.items()}
    counts = tuple(np.bincount(labels, minlength=classes).tolist())
    return Lane(index, trial, objective, splits, judge_of(trial, parts, objective), counts)


def lane_losses(
    lanes: Sequence[Lane], loss_of: Callable[[Lane], PerSampleLoss], logits: Tensor, target: Tensor
) -> Tensor:
    """The losses of a step, (lanes, batch); lanes that have one loss are taken together.

    What a loss of the user's raises is noted in its lane, which has no losses then.

    Args:
        lanes: in the order of the logits, those with one loss side by side.
        loss_of: gives the loss of a lane at this step.
        logits: (lanes, batch, classes).
        target: class indices (lanes, batch), or class probabilities (lanes, batch, classes).
    """
    parts, start = [], 0
    while start < len(lanes):
        stop, key = start + 1, lanes[start].alike()
        while stop < len(lanes) and lanes[stop].alike() == key:
            stop += 1
        some = slice(start, stop)
        parts.append(_losses(lanes[start], loss_of, logits[some], target[some]))
        start = stop
    return torch.cat(parts)


def _losses(lane: Lane, loss_of: Callable[[Lane], PerSampleLoss], logits: Tensor, target: Tensor) -> Tensor:
    """The losses of lanes that have one loss, (lanes, batch)."""
    if (lane.silent or lane.twin) and lane.trial.loss.own:
        return 0 * logits.sum(dim=2)
    flat = logits.flatten(0, 1)
    try:
        with _Drawing(lane):
            losses = loss_of(lane)(flat.clone() if lane.trial.loss.own else flat, target.flatten(0, 1))
        if torch.is_grad_enabled() and not losses.requires_grad:
            raise TrialError(NO_GRADIENT)
        return losses.view(logits.shape[:2])
    except BaseException as error:  # a user's loss may raise anything
        lane.failed(error)
        return 0 * logits.sum(dim=2)


class _Drawing:
    """Lets a lane's own loss draw from torch's generator where it left it, and nobody else notice."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane

    def __enter__(self) -> None:
        if self.lane.drawn is not None:
            self.before = _generators(self.lane.objective.device)
            _set_generators(self.lane.objective.device, self.lane.drawn)

    def __exit__(self, *raised: object) -> None:
        if self.lane.drawn is not None:
            self.lane.drawn = _generators(self.lane.objective.device)
            _set_generators(self.lane.objective.device, self.before)


def _generators(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _set_generators(device: torch.device, states: tuple[Tensor, Tensor | None]) -> None:
    torch.set_rng_state(states[0])
    if states[1] is not None:
        torch.cuda.set_rng_state(states[1], device)
