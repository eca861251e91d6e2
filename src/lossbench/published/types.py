"""A published table as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.spec import Recipe, Scenario

__all__ = ["Published", "Reported", "Setting"]


@dataclass(frozen=True)
class Setting:
    """How the published networks were trained, as far as the source says.

    Args:
        data: the data set's name.
        test: how many pictures its test split has.
        model: by the name that it has here.
        recipe: what decides a trial, in the form of a study's recipe; what is left out is off, or its default.
    """

    data: str
    test: int
    model: str
    recipe: Mapping[str, Any]

    def whole(self) -> Recipe:
        """The recipe with everything that the source does not name."""
        return Recipe(model=self.model, **self.recipe)


@dataclass(frozen=True)
class Reported:
    """One published number.

    Args:
        scenario: what was done to the data, as a study writes it.
        loss: as a study writes it.
        metric: the split and metric, shares and not percent: `test.accuracy`, `test.ece`, `test.ece_calibrated` (after
            temperature scaling).
        mean: the number; the mean of the runs where there are several.
        sd: their standard deviation; None where the source gives none.
        runs: how many there were; None where the source does not say.
        differs: what is known to differ between the published loss and ours of that name; empty for nothing.
    """

    scenario: str
    loss: str
    metric: str
    mean: float
    sd: float | None = None
    runs: int | None = None
    differs: str = ""


@dataclass(frozen=True)
class Published:
    """A published table.

    Args:
        name: what a study names it by.
        title: what it is about.
        source: where it stands.
        second_hand: where it was read instead, in a sentence; empty where it was read at its source.
        setting: how its networks were trained; None where there are no numbers.
        notes: what a reader of the numbers has to know, in sentences.
        rows: the numbers; none where only claims survived.
    """

    name: str
    title: str
    source: str
    second_hand: str = ""
    setting: Setting | None = None
    notes: tuple[str, ...] = ()
    rows: tuple[Reported, ...] = ()

    def under(self, scenario: Scenario) -> tuple[Reported, ...]:
        """The numbers of a scenario, whatever share of the training data is used or held out."""
        return tuple(row for row in self.rows if _core(Scenario.parse(row.scenario, "data")) == _core(scenario))


def _core(scenario: Scenario) -> tuple[object, object]:
    """What makes another task of the data; how many pictures are trained on is a matter of the setting."""
    return scenario.imbalance, scenario.label_noise
