"""`Recipe`: how a classifier is trained."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lossbench.errors import RequestError
from lossbench.spec._model import Count, Positive, Spec, ZeroIsNone
from lossbench.spec.augmentation import Augmentations
from lossbench.spec.optimizer import Optimizer
from lossbench.spec.schedule import Schedule

__all__ = ["Precision", "Recipe"]

Precision = Literal["auto", "fp32", "bf16"]


class Recipe(Spec):
    """Everything about training that is not the loss, the data or the seed; the defaults are the document's.

    Args:
        model: by name or import path.
        epochs: passes over the training split.
        batch_size: pictures per step.
        optimizer: how the weights follow the gradient.
        schedule: the learning rate over the epochs.
        augmentation: what is done to training pictures.
        eval_interval: every so many epochs are evaluated, and always the last.
        train_metrics: of the training split, evaluated like the others (`full`) or while training (`running`).
        precision: of the forward pass.
        clip: a step's gradient is scaled down to this L2 norm where it is longer; None or 0 for never.
        mixup: alpha of mixup: each batch is mixed with itself in another order, pictures and labels alike, in shares
            that are drawn from Beta(alpha, alpha), one per batch; None or 0 for none. For losses whose target may be
            class probabilities.

    References:
        Zhang, Cisse, Dauphin, Lopez-Paz, 2018, mixup: Beyond Empirical Risk Minimization, arXiv:1710.09412.
    """

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
    clip: Annotated[Positive | None, ZeroIsNone] = None
    mixup: Annotated[Positive | None, ZeroIsNone] = None

    @model_validator(mode="after")
    def _warmup_ends(self) -> Self:
        warmup = self.schedule.warmup
        if warmup is not None and warmup >= self.epochs:
            allowed = f"less than the recipe's epochs ({self.epochs})"
            raise RequestError(f"{self.schedule.place}.warmup", allowed, warmup)
        return self

    @model_validator(mode="after")
    def _mixed_pictures_have_no_metrics(self) -> Self:
        if self.mixup is not None and self.train_metrics == "running":
            allowed = "full beside mixup, whose training passes see no picture as it is"
            raise RequestError(f"{self.place}.train_metrics", allowed, self.train_metrics)
        return self

    def canonical(self) -> dict[str, Any]:
        """The recipe as plain JSON values; no augmentation is left out, as in trials from before there was any."""
        values = super().canonical()
        if not self.augmentation:
            del values["augmentation"]
        return values

    def evaluated(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, is evaluated: at the interval, and always the last."""
        return epoch % self.eval_interval == 0 or epoch == self.epochs
