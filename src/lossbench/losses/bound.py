"""`BoundLoss`: a loss with everything bound that is known before the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.errors import RequestError
from lossbench.losses.card import Need
from lossbench.spec import LossSpec

__all__ = ["BoundLoss", "Link", "PerSampleLoss"]

PerSampleLoss = Callable[[Tensor, Tensor], Tensor]
"""(logits (batch, classes), target (batch,)) -> loss (batch,)."""

Link = Callable[[Tensor], Tensor]
"""Logits (batch, classes) -> logarithms of probabilities (batch, classes)."""


@dataclass(frozen=True, eq=False)
class BoundLoss:
    """A function of logits and target, hyperparameters and class counts bound.

    Args:
        spec: the loss, every hyperparameter filled in.
        function: of (logits, target), and of `progress` and `generator` where the loss needs them.
        needs: what the loss needs beyond logits and target.
        soft_targets: whether the target may be class probabilities, (batch, classes).
        link: how its probabilities come from the logits; None where that is softmax.
    """

    spec: LossSpec
    function: Callable[..., Tensor]
    needs: frozenset[Need] = frozenset()
    soft_targets: bool = False
    link: Link | None = None

    def __call__(
        self,
        logits: Tensor,
        target: Tensor,
        *,
        progress: float | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The loss of each sample.

        Args:
            logits: raw outputs, shape (batch, classes).
            target: class indices, shape (batch,), or class probabilities, shape (batch, classes), where the loss
                takes them.
            progress: the share of training done, 0 to 1; for losses that need it.
            generator: what is drawn from, on the device of the logits; for losses that need it.

        Returns:
            Shape (batch,), float32 or wider.

        Raises:
            RequestError: class probabilities for a loss that has no meaning for them, or a need that was not met.
        """
        if target.is_floating_point() and not self.soft_targets:
            allowed = f"class indices of shape (batch,), for {self.spec.name} is not defined for class probabilities"
            raise RequestError("target", allowed, f"{target.dtype} of shape {tuple(target.shape)}")
        given: dict[str, float | torch.Generator] = {}
        if "progress" in self.needs:
            if progress is None:
                raise self._unmet("progress", "the share of training done, 0 to 1,")
            given["progress"] = progress
        if "generator" in self.needs:
            if generator is None:
                raise self._unmet("generator", "a torch.Generator")
            given["generator"] = generator
        return self.function(logits, target, **given)

    def _unmet(self, name: str, words: str) -> RequestError:
        return RequestError(name, f"{words} for {self.spec.name}, which needs it at every step", None)
