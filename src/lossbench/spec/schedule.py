"""`Schedule`: the learning rate over the epochs."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, SerializerFunctionWrapHandler, model_serializer, model_validator

from lossbench.errors import RequestError
from lossbench.spec._model import Count, Positive, Spec, ZeroIsNone

__all__ = ["Schedule"]

_PLACE = "recipe.schedule"
_MILESTONES = "rising numbers of epochs, as in [80, 120]"
_GAMMA_OF_MULTISTEP = 0.1  # torch's own, and what papers with milestones use

# which schedules each setting decides something of
_USED_BY: Mapping[str, tuple[str, ...]] = {
    "step": ("step",),
    "gamma": ("step", "multistep"),
    "milestones": ("multistep",),
}


def _parsed_milestones(value: object) -> object:
    """Epochs as users write them: `80,120`, [80, 120] or 80 alone."""
    if value is None:
        return None
    parts = value.split(",") if isinstance(value, str) else [value] if isinstance(value, int) else value
    if isinstance(parts, list | tuple) and parts:
        epochs = [_whole(part) for part in parts]
        if all(epochs) and all(early < late for early, late in pairwise(epochs)):
            return epochs
    raise RequestError(f"{_PLACE}.milestones", _MILESTONES, value)


def _whole(part: object) -> int:
    """A whole number of at least 1; 0 for anything else."""
    if isinstance(part, str) and part.strip().isdecimal() and len(part) < 10:
        return int(part)
    return max(part, 0) if isinstance(part, int) and not isinstance(part, bool) else 0


class Schedule(Spec):
    """The learning rate over the epochs, as a multiple of the optimizer's.

    Args:
        name: `step` multiplies it by gamma every `step` epochs, `multistep` by gamma after each of the milestones,
            `cosine` takes it from 1 towards 0 along half a cosine, `constant` keeps it.
        step: of step alone: how many epochs.
        gamma: of step, 0.5, and multistep, 0.1.
        milestones: of multistep alone: epochs after which the rate falls, from the next one on. Those that a study
            does not reach are no error: `--epochs` may cut a study short for a first look.
        warmup: in so many first epochs the rate is 1/warmup, 2/warmup, ... of the schedule's; None or 0 for none. The
            epochs of step and multistep are counted from the first all the same; cosine begins after the warm-up.

    References:
        Loshchilov, Hutter, 2017, SGDR: Stochastic Gradient Descent with Warm Restarts, arXiv:1608.03983: `cosine`,
        without restarts.
        Cao, Wei, Gaidon, Arechiga, Ma, 2019, Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss,
        arXiv:1906.07413: the warm-up is that of their code.
    """

    place: ClassVar[str] = _PLACE

    name: Literal["step", "constant", "multistep", "cosine"] = "step"
    step: Count = 5
    gamma: Positive = 0.5
    milestones: Annotated[tuple[Count, ...] | None, BeforeValidator(_parsed_milestones)] = None
    warmup: Annotated[Count | None, ZeroIsNone] = None

    @model_validator(mode="before")
    @classmethod
    def _gamma_of_multistep(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("name") == "multistep" and "gamma" not in values:
            return {**values, "gamma": _GAMMA_OF_MULTISTEP}
        return values

    @model_validator(mode="after")
    def _settings_are_its_own(self) -> Self:
        for field, users in _USED_BY.items():  # values that decide nothing would make two keys of one recipe
            value = getattr(self, field)
            if self.name not in users and value != type(self).model_fields[field].default:
                written = list(value) if isinstance(value, tuple) else f"{value:g}"
                allowed = f"the schedule {' or '.join(users)}, which alone {'have' if users[1:] else 'has'} it"
                raise RequestError(f"{self.place}.{field}", allowed, f"{written} for {self.name}")
        if self.name == "multistep" and self.milestones is None:
            raise RequestError(f"{self.place}.milestones", f"{_MILESTONES}, for multistep", None)
        return self

    @model_serializer(mode="wrap")
    def _its_own(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what decides nothing; of `constant` it was written before, and is, for old keys to stay."""
        values: dict[str, Any] = dump(self)
        return {
            name: value
            for name, value in values.items()
            if self.name == "constant" or self.name in _USED_BY.get(name, (self.name,))
        }

    def factor(self, epoch: int, epochs: int) -> float:
        """What the first learning rate is multiplied by in an epoch, counted from 1, of so many."""
        warmup = self.warmup or 0
        rising = epoch / warmup if epoch <= warmup else 1.0
        return rising * self._falling(epoch, max(epoch - warmup, 1), epochs - warmup)

    def _falling(self, epoch: int, since: int, epochs: int) -> float:
        """The factor without the warm-up.

        Args:
            epoch: counted from 1.
            since: the same, counted from the end of the warm-up.
            epochs: how many there are from there on.
        """
        match self.name:
            case "step":
                return self.gamma ** ((epoch - 1) // self.step)
            case "multistep":
                return self.gamma ** bisect_left(self.milestones or (), epoch)
            case "cosine":
                return (1 + math.cos(math.pi * (since - 1) / epochs)) / 2
            case "constant":
                return 1.0
