"""What tuning chooses of a loss: its learning rate, and the hyperparameters that the study leaves open.

A hyperparameter that the study writes is what the study compares: `focal(gamma=2)` keeps its gamma, `focal` has one
chosen. The learning rate is chosen for every loss, for what suits it follows from the scale of the loss's gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.losses import CATALOGUE, Hyperparameter, Interval
from lossbench.spec import Arm, LossSpec, Recipe, Trial
from lossbench.spec.call import Value

__all__ = ["LR", "Axis", "Settings", "arm_with", "space_of", "trial_with"]

LR = "lr"

# At the first weights, gradients of the catalogue's losses are between 1/73 of cross entropy's (l1_probabilities) and
# 59 times as long (ldam): measured with `cnn` on digits. A learning rate that suits cross entropy suits each of them
# within this factor.
_LR_FACTOR = 100.0
_DIGITS = 4  # significant ones: what is trained with is what a study file can be read for

Settings = Mapping[str, Value]
"""A value for every axis, by its name."""


@dataclass(frozen=True)
class Axis:
    """One thing that is chosen.

    Args:
        name: `lr`, or a hyperparameter's.
        own: the study's value.
        low: the least value, of a number in an interval.
        high: the greatest.
        log: whether the interval is one of ratios.
        whole: whether only whole numbers are chosen.
        values: all there are to choose from; empty for an interval.
    """

    name: str
    own: Value
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    values: tuple[Value, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Axis:
        """The axis whose fields were written as JSON."""
        return cls(**{**values, "values": tuple(values["values"])})

    def rounded(self, value: Value) -> Value:
        """A number of the interval with as many digits as are told; any other value as it is."""
        if self.values or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)


def space_of(arm: Arm, recipe: Recipe) -> tuple[Axis, ...]:
    """What is chosen of a loss; of a user's own, whose hyperparameters have no known range, the learning rate alone.

    Args:
        arm: the loss as the study compares it.
        recipe: the study's.
    """
    lr = arm.recipe(recipe).optimizer.lr
    axes = [Axis(LR, lr, lr / _LR_FACTOR, lr * _LR_FACTOR, log=True)]
    if not arm.loss.own:
        known = CATALOGUE[arm.loss.name].card.hyperparameters
        axes += [_axis(one) for one in known if one.name not in arm.loss.keywords and one.searched]
    return tuple(axes)


def _axis(one: Hyperparameter) -> Axis:
    searched = one.searched
    if isinstance(searched, Interval):
        return Axis(one.name, one.default, searched.low, searched.high, searched.log, one.whole)
    return Axis(one.name, one.default, values=searched)


def arm_with(arm: Arm, space: tuple[Axis, ...], settings: Settings) -> Arm:
    """The loss with what was chosen; what is as the study has it is not written."""
    chosen = {axis.name: settings[axis.name] for axis in space if settings[axis.name] != axis.own}
    overrides = {**dict(arm.overrides), **({LR: chosen.pop(LR)} if LR in chosen else {})}
    return Arm(_with(arm.loss, chosen), tuple(sorted(overrides.items())))


def trial_with(base: Trial, space: tuple[Axis, ...], settings: Settings) -> Trial:
    """The trial of the study's own values with others in their place."""
    chosen = {axis.name: settings[axis.name] for axis in space}
    optimizer = base.recipe.optimizer.model_copy(update={LR: chosen.pop(LR)})
    recipe = base.recipe.model_copy(update={"optimizer": optimizer})
    return Trial(_with(base.loss, chosen), base.scenario, recipe, base.seed, base.versions, base.digests)


def _with(loss: LossSpec, chosen: Settings) -> LossSpec:
    spec = LossSpec.of(loss.name, {**loss.keywords, **chosen})
    return LossSpec(spec.name, spec.hyperparameters, loss.function)
