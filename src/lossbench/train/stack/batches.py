"""An epoch's batches of all lanes: each lane's as it would have them alone, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossbench.data.augment import Plan
from lossbench.train.batches import Batches
from lossbench.train.stack.lanes import Lane
from lossbench.train.stack.layers import by_lane
from lossbench.train.state import to_numpy

__all__ = ["StackedBatches", "in_channels"]

Prepare = Callable[[Tensor, Tensor], Tensor]
"""(pictures as they lie, chosen ones (n,)) -> normalised (n, channels, height, width), or (n, features)."""


@dataclass(frozen=True, eq=False)
class StackedBatches:
    """The batches of one epoch.

    Args:
        lanes: each lane's, all of the same number and sizes.
        plan: what augmentation does to all of them: as `Plan` has it, with the lanes as first dimension.
        bounds: where each batch begins and ends in an epoch's order.
    """

    lanes: tuple[Batches, ...]
    plan: Plan
    bounds: tuple[slice, ...]

    @classmethod
    def of(cls, lanes: Sequence[Lane], numbers: Sequence[int], fill: Tensor) -> StackedBatches:
        """Those of each lane's epoch of that number, counted from 1."""
        each = [
            Batches.of(lane.trial, lane.splits["train"], number, fill)
            for lane, number in zip(lanes, numbers, strict=True)
        ]
        bounds, start = [], 0
        for part in each[0].parts:
            bounds.append(slice(start, start + len(part)))
            start += len(part)
        plans = [batches.plan for batches in each]
        plan = Plan(_side_by_side([p.lines for p in plans]), _side_by_side([p.cut for p in plans]))
        return cls(tuple(each), plan, tuple(bounds))

    def order(self, place: int) -> np.ndarray:
        """Which pictures of its split the lane at a place is trained on, in their order, int64 (n,)."""
        return to_numpy(self.lanes[place].order)

    def __len__(self) -> int:
        return len(self.bounds)

    def inputs(self, step: int, prepare: Prepare, *, mixed: bool = True) -> Tensor:
        """The pictures of a step, (batch, lanes · channels, height, width); vectors (batch, lanes · features).

        Args:
            step: counted from 0.
            prepare: normalises.
            mixed: whether they are mixed where the recipe has mixup.
        """
        split, fill = self.lanes[0].split, self.lanes[0].fill
        chosen = torch.cat([batches.split.places(batches.parts[step]) for batches in self.lanes])
        pictures, bounds = split.pictures, self.bounds[step]
        if self.plan.lines is not None:
            lines, cut = _of_step(self.plan.lines, bounds), _of_step(self.plan.cut, bounds)
            pictures = Plan(lines, cut).apply(pictures[chosen], slice(None), fill)
            chosen = torch.arange(len(pictures), device=chosen.device)
        prepared = by_lane(prepare(pictures, chosen), len(self.lanes))
        if mixed and self.lanes[0].mixes:
            each = zip(self.lanes, prepared, strict=True)
            prepared = torch.stack([batches.mixes[step].pictures(x) for batches, x in each])
        return in_channels(prepared)

    def target(self, step: int, classes: int, *, mixed: bool = True) -> Tensor:
        """Labels (lanes, batch), or with mixup class probabilities (lanes, batch, classes)."""
        labels = torch.stack([batches.split.labels[batches.parts[step]] for batches in self.lanes])
        if not mixed or not self.lanes[0].mixes:
            return labels
        return torch.stack([b.mixes[step].target(own, classes) for b, own in zip(self.lanes, labels, strict=True)])


def in_channels(x: Tensor) -> Tensor:
    """(lanes, batch, channels, height, width) -> (batch, lanes · channels, height, width), channels last.

    Vectors (lanes, batch, features) -> (batch, lanes · features).
    """
    if x.dim() == 3:
        return x.transpose(0, 1).flatten(1)
    return x.permute(1, 3, 4, 0, 2).flatten(3).permute(0, 3, 1, 2)


def _side_by_side(pairs: Sequence[tuple[Tensor, Tensor] | None]) -> tuple[Tensor, Tensor] | None:
    given = [pair for pair in pairs if pair is not None]
    return (torch.stack([a for a, _ in given]), torch.stack([b for _, b in given])) if given else None


def _of_step(pair: tuple[Tensor, Tensor] | None, bounds: slice) -> tuple[Tensor, Tensor] | None:
    return None if pair is None else (pair[0][:, bounds].flatten(0, 1), pair[1][:, bounds].flatten(0, 1))
