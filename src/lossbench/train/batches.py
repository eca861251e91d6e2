"""An epoch's batches: the training split in the seed's order, and what augmentation and mixup do to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import torch
from torch import Tensor

from lossbench.data.augment import Plan, draw
from lossbench.rng import stream
from lossbench.spec import Trial
from lossbench.train.mixup import Mix, draw_mixes
from lossbench.train.state import DeviceSplit

__all__ = ["Batch", "Batches"]


@dataclass(frozen=True, eq=False)
class Batch:
    """Chosen pictures with their labels.

    Args:
        pictures: uint8 (n, height, width, channels), or float32 (n, features).
        chosen: which of them are in the batch, int64 (batch,).
        labels: int64 (batch,).
        mix: how they are mixed once they are prepared; None for not at all.
    """

    pictures: Tensor
    chosen: Tensor
    labels: Tensor
    mix: Mix | None = None


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of one epoch, the same for every loss at one seed.

    Args:
        split: what is trained on.
        parts: the positions in it, batch by batch.
        plan: what augmentation does.
        fill: the colour of what is cut out, uint8 (channels,).
        mixes: how each batch is mixed; empty without mixup.
    """

    split: DeviceSplit
    parts: tuple[Tensor, ...]
    plan: Plan
    fill: Tensor
    mixes: tuple[Mix, ...] = ()

    @classmethod
    def of(cls, trial: Trial, split: DeviceSplit, number: int, fill: Tensor) -> Batches:
        """Those of an epoch, counted from 1; a last batch of one is dropped, for batch norm cannot take it."""
        recipe, device = trial.recipe, split.labels.device
        order = torch.from_numpy(stream(trial.seed, "order", number).permutation(len(split))).to(device)
        parts = tuple(part for part in torch.split(order, recipe.batch_size) if len(part) > 1)
        generator = stream(trial.seed, "augmentation", number)
        plan = draw(recipe.augmentation, len(split), tuple(split.pictures.shape[1:-1]), generator, device)
        if recipe.mixup is None:
            return cls(split, parts, plan, fill)
        generator = stream(trial.seed, "mixup", number)
        return cls(split, parts, plan, fill, draw_mixes(recipe.mixup, [len(p) for p in parts], generator, device))

    @property
    def labels(self) -> Tensor:
        """The labels of all batches, in their order, int64 (n,)."""
        return self.split.labels[self.order]

    @property
    def order(self) -> Tensor:
        """The positions of all batches, one after another, int64 (n,)."""
        return torch.cat(self.parts)

    def __iter__(self) -> Iterator[Batch]:
        start = 0
        for part, mix in zip_longest(self.parts, self.mixes):
            pictures, chosen = self.split.pictures, self.split.places(part)
            if self.plan.lines is not None:
                pictures = self.plan.apply(pictures[chosen], slice(start, start + len(part)), self.fill)
                chosen = torch.arange(len(part), device=part.device)
            yield Batch(pictures, chosen, self.split.labels[part], mix)
            start += len(part)
