"""`Recipe`: how a classifier is trained."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lossbench.errors import RequestError
from lossbench.spec._model import Count, NonNegative, Positive, Share, Spec
from lossbench.spec.augmentation import Augmentations

__all__ = ["Optimizer", "Precision", "Recipe", "Schedule"]

Precision = Literal["auto", "fp32", "bf16"]


class Optimizer(Spec):
    """Stochastic gradient descent with momentum; the defaults are the document's."""

    place: ClassVar[str] = "recipe.optimizer"

    name: Literal["sgd"] = "sgd"
    lr: Positive = 0.1
    momentum: Annotated[Share, Field()] = 0.9
    weight_decay: NonNegative = 0.0
    nesterov: bool = False

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Self:
        if self.nesterov and not self.momentum:
            raise RequestError(f"{self.place}.nesterov", "false, or a momentum greater than 0 beside it", True)
        return self


class Schedule(Spec):
    """The learning rate over epochs: `step` multiplies it by gamma every `step` epochs, `constant` keeps it."""

    place: ClassVar[str] = "recipe.schedule"

    name: Literal["step", "constant"] = "step"
    step: Count = 5
    gamma: Positive = 0.5

    @model_validator(mode="after")
    def _constant_has_no_steps(self) -> Self:
        changed = (self.step, self.gamma) != (5, 0.5)  # values that decide nothing would make two keys of one recipe
        if self.name == "constant" and changed:
            allowed = "step and gamma with the schedule `step` alone"
            raise RequestError(self.place, allowed, f"constant with step={self.step}, gamma={self.gamma:g}")
        return self

    def factor(self, epoch: int) -> float:
        """What the first learning rate is multiplied by in an epoch, counted from 1."""
        return self.gamma ** ((epoch - 1) // self.step) if self.name == "step" else 1.0


class Recipe(Spec):
    """Everything about training that is not the loss, the data or the seed; the defaults are the document's."""

    place: ClassVar[str] = "recipe"

    model: str = "cnn"
    epochs: Count = 30
    batch_size: Annotated[Count, Field(ge=2)] = 128
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    augmentation: Augmentations = ()
    eval_interval: Count = 1
    train_metrics: Literal["full", "running"] = "full"
    precision: Precision = "auto"

    def canonical(self) -> dict[str, Any]:
        """The recipe as plain JSON values; no augmentation is left out, as in trials from before there was any."""
        values = super().canonical()
        if not self.augmentation:
            del values["augmentation"]
        return values

    def evaluated(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, is evaluated: at the interval, and always the last."""
        return epoch % self.eval_interval == 0 or epoch == self.epochs
