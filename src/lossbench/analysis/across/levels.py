"""Series of conditions that differ in one number alone: the noise rate, the imbalance factor, the training size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lossbench.analysis.across.lined import Lined
from lossbench.analysis.types import Estimate
from lossbench.spec import Scenario

__all__ = ["Level", "Series", "series_of"]

Axis = Literal["noise", "imbalance", "train_size"]

_PARTS: dict[Axis, tuple[str, ...]] = {
    "noise": ("label_noise", "validation_clean"),
    "imbalance": ("imbalance",),
    "train_size": ("train_size",),
}


@dataclass(frozen=True, eq=False)
class Level:
    """One condition of a series.

    Args:
        value: the number that the others have another of.
        lined: the condition.
    """

    value: float
    lined: Lined


@dataclass(frozen=True, eq=False)
class Series:
    """Conditions of one model and recipe that differ in one number.

    Args:
        axis: what differs.
        form: of what kind it is, `symmetric`; of `train_size` `share` or `pictures`.
        others: what the scenarios have beside it, as it is printed; `clean` for nothing.
        levels: two or more, ascending.
    """

    axis: Axis
    form: str
    others: str
    levels: tuple[Level, ...]

    @property
    def model(self) -> str:
        """That of all levels."""
        return self.levels[0].lined.condition.model

    @property
    def recipe(self) -> str:
        """That of all levels: `fixed` or `tuned`."""
        return self.levels[0].lined.condition.recipe

    @property
    def logarithmic(self) -> bool:
        """Whether equal steps are equal factors: so it is for imbalance and training size."""
        return self.axis != "noise"

    def place(self, value: float) -> float:
        """Where a level lies on the axis."""
        return math.log(value) if self.logarithmic else value

    def level(self, place: float) -> float:
        """The level at a place of the axis."""
        return math.exp(place) if self.logarithmic else place

    def points(self, loss: str, measure: str = "") -> tuple[tuple[float, Estimate], ...]:
        """A loss's estimates by level, of the study's own metric or of another such as `train.memorised`."""
        found = ((level.value, level.lined.estimate(loss, measure)) for level in self.levels)
        return tuple((value, item) for value, item in found if item is not None)


def series_of(lined: Sequence[Lined]) -> tuple[Series, ...]:
    """Every series of a study, in its order; a condition without the part joins as rate 0, factor 1 or all pictures."""
    return tuple(series for axis in _PARTS for series in _along(axis, lined))


def _along(axis: Axis, lined: Sequence[Lined]) -> Iterator[Series]:
    groups: dict[tuple[str, ...], list[Level]] = {}
    for item in lined:
        scenario = _scenario(item)
        found = _number(axis, scenario)
        if found is not None:
            key = (item.condition.model, item.condition.recipe, _others(axis, scenario), *found[0])
            groups.setdefault(key, []).append(Level(found[1], item))
    bases = {
        (item.condition.model, item.condition.recipe, str(scenario)): item
        for item in lined
        if getattr(scenario := _scenario(item), _PARTS[axis][0]) is None
    }
    for (*where, form, _), levels in groups.items():
        model, recipe, others = where
        whole = _whole(axis, form, bases.get((model, recipe, others)))
        ordered = sorted([*levels, *whole], key=lambda level: level.value)
        if len(ordered) > 1:
            yield Series(axis, form, others, tuple(ordered))


def _scenario(item: Lined) -> Scenario:
    return Scenario.parse(item.condition.scenario, str(item.within.results.study.get("data", "")))


def _others(axis: Axis, scenario: Scenario) -> str:
    """The scenario without the part; a seed that nothing is drawn with any more is printed nowhere."""
    return str(scenario.model_copy(update=dict.fromkeys(_PARTS[axis])))


def _number(axis: Axis, scenario: Scenario) -> tuple[tuple[str, str], float] | None:
    """Of the part: its kind with all that must be alike, and its number; None without it, or where it has no number."""
    seed = "" if scenario.split_seed is None else f"split_seed={scenario.split_seed}"
    if axis == "noise":
        noise = scenario.label_noise
        if noise is None or noise.rate is None:
            return None
        clean = "clean" if scenario.validation_clean else ""
        return (noise.kind, f"{noise.map or ''}\n{clean}\n{seed}"), noise.rate
    if axis == "imbalance":
        thinned = scenario.imbalance
        return None if thinned is None else ((thinned.kind, f"{thinned.minority or ''}\n{seed}"), thinned.factor)
    size = scenario.train_size
    return None if size is None else (("share" if size < 1 else "pictures", seed), size)


def _whole(axis: Axis, form: str, base: Lined | None) -> list[Level]:
    """The condition without the part as a level; where classes were thinned, too, nobody knows how many there were."""
    if base is None:
        return []
    if axis != "train_size" or form == "share":
        return [Level(0.0 if axis == "noise" else 1.0, base)]
    data = base.within.results.data
    return [] if _scenario(base).imbalance else [Level(float(data.train + data.validation), base)]
