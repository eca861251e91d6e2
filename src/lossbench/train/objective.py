"""The trial's loss as training and evaluation ask for it: progress, a stream and a batch for those that need them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from lossbench.losses import BoundLoss, PerSampleLoss, bind
from lossbench.rng import stream, torch_generator
from lossbench.spec import Trial

__all__ = ["Objective"]


@dataclass(frozen=True, eq=False)
class Objective:
    """A trial's loss on a device.

    Args:
        loss: with hyperparameters and class counts bound.
        trial: whose seed, epochs and batch size count.
        device: where the logits are.
    """

    loss: BoundLoss
    trial: Trial
    device: torch.device

    @classmethod
    def of(cls, trial: Trial, labels: np.ndarray, num_classes: int, device: torch.device) -> Objective:
        """The trial's loss, its class counts taken from the labels (n,) that are trained on."""
        counts = np.bincount(labels, minlength=num_classes)
        return cls(bind(trial.loss, counts.tolist(), device), trial, device)

    def for_epoch(self, number: int, steps: int) -> Callable[[int], PerSampleLoss]:
        """The loss of an epoch's steps, counted from 0."""
        generator = self._generator("loss", number)
        epochs = self.trial.recipe.epochs

        def at(step: int) -> PerSampleLoss:
            return partial(self.loss, progress=(number - 1 + step / steps) / epochs, generator=generator)

        return at

    def of_split(self, name: str, logits: Tensor, target: Tensor, number: int) -> Tensor:
        """The loss of every picture of a split after an epoch, (n,).

        A loss that couples its batch is asked for batches of the recipe's size, drawn from the seed's stream, for a
        split may lie sorted by class.
        """
        progress = number / self.trial.recipe.epochs
        generator = self._generator(f"loss of {name}", number)
        if "batch" not in self.loss.needs:
            return self.loss(logits, target, progress=progress, generator=generator)
        order = torch.from_numpy(stream(self.trial.seed, f"batches of {name}").permutation(len(target)))
        losses = torch.empty(len(target), dtype=logits.dtype, device=self.device)
        for part in torch.split(order.to(self.device), self.trial.recipe.batch_size):
            losses[part] = self.loss(logits[part], target[part], progress=progress, generator=generator)
        return losses

    def _generator(self, purpose: str, number: int) -> torch.Generator | None:
        if "generator" not in self.loss.needs:
            return None
        return torch_generator(self.trial.seed, purpose, number, self.device)
