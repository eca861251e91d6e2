"""`Tuning`: what a tuning tried and chose, and the study that confirms it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from lossbench.api.tuning.attempt import Attempt, best_of
from lossbench.api.tuning.space import LR, Axis, Settings, arm_with
from lossbench.errors import TrialError
from lossbench.files import write_atomically
from lossbench.results.spreadsheet import csv_bytes
from lossbench.spec import Arm, Study, print_value

__all__ = ["TunedLoss", "Tuning", "told"]

_SCHEMA: dict[str, Any] = {
    "loss_function": pl.String,
    "trial": pl.Int64,
    "lr": pl.Float64,
    "hyperparameters": pl.String,
    "value": pl.Float64,
    "epochs": pl.Int64,
    "status": pl.String,
    "seconds": pl.Float64,
    "reason": pl.String,
}


@dataclass(frozen=True)
class TunedLoss:
    """What was tried of one loss.

    Args:
        arm: the loss as the study compares it.
        space: what was chosen of it.
        attempts: in their order; the first has the study's own values.
        lower: whether less is better.
    """

    arm: Arm
    space: tuple[Axis, ...]
    attempts: tuple[Attempt, ...]
    lower: bool

    @property
    def fixed(self) -> Attempt:
        """The attempt with the study's own values."""
        return self.attempts[0]

    @property
    def best(self) -> Attempt | None:
        """The attempt that was best on validation, of equal ones the first; None where none finished."""
        return best_of(self.attempts, lower=self.lower)

    @property
    def chosen(self) -> Arm:
        """The loss as tuned; as the study has it where no attempt finished."""
        return self.arm if self.best is None else arm_with(self.arm, self.space, self.best.settings)

    def count(self, status: str) -> int:
        """How many attempts ended so."""
        return sum(one.status == status for one in self.attempts)


@dataclass(frozen=True, eq=False, repr=False)
class Tuning:
    """A tuning that is done: every loss had the same number of attempts.

    Args:
        study: the confirmation, which compares every loss as it was asked for and as tuned.
        metric: what was tuned, `validation.accuracy`.
        seeds: what settings were tried with; none of them is the confirmation's or the study's.
        scenario: on what, a validation split in it.
        budget: attempts per loss.
        losses: in the study's order.
        folder: where `tuning.csv` and `tuning.json` are.
    """

    study: Study
    metric: str
    seeds: tuple[int, ...]
    scenario: str
    budget: int
    losses: tuple[TunedLoss, ...]
    folder: Path

    @cached_property
    def trials(self) -> pl.DataFrame:
        """One row per loss and attempt: what was tried, and what it gave on validation."""
        return pl.DataFrame([row for one in self.losses for row in _rows(one)], schema=_SCHEMA)

    def __repr__(self) -> str:
        what = f"{len(self.losses)} losses by {self.metric}, {self.budget} settings each"
        return f"<Tuning of {what}, for {self.study.name}>"

    def write(self) -> None:
        """Writes `tuning.csv` and `tuning.json`.

        Raises:
            OSError: the folder cannot be written.
        """
        write_atomically(self.folder / "tuning.csv", csv_bytes(self.trials))
        write_atomically(self.folder / "tuning.json", json.dumps(self._values(), indent=1, ensure_ascii=False) + "\n")

    def _values(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "seeds": list(self.seeds),
            "scenario": self.scenario,
            "budget": self.budget,
            "losses": [_values(one) for one in self.losses],
            "trials": self.trials.to_dicts(),
        }

    def check_whole(self, reasons: Sequence[str]) -> None:
        """Checks that every loss had its whole budget.

        Args:
            reasons: why some had not.

        Raises:
            TrialError: one had not.
        """
        short = [str(one.arm) for one in self.losses if len(one.attempts) < self.budget]
        if short:
            why = "; ".join(dict.fromkeys(reasons)) or "its worker ended"
            raise TrialError(f"{', '.join(short)} could not be tuned: {why} (what was tried is kept)")


def told(settings: Settings) -> str:
    """The hyperparameters of a setting in one text, without the learning rate."""
    return ", ".join(f"{name}={print_value(value)}" for name, value in settings.items() if name != LR)


def _rows(one: TunedLoss) -> list[dict[str, Any]]:
    return [
        {
            "loss_function": str(one.arm),
            "trial": attempt.number,
            "lr": attempt.settings[LR],
            "hyperparameters": told(attempt.settings),
            "value": attempt.value,
            "epochs": attempt.epochs,
            "status": attempt.status,
            "seconds": attempt.seconds,
            "reason": attempt.reason,
        }
        for attempt in one.attempts
    ]


def _values(one: TunedLoss) -> dict[str, Any]:
    space = {
        axis.name: {"own": axis.own, "values": list(axis.values)}
        if axis.values
        else {"own": axis.own, "low": axis.low, "high": axis.high, "log": axis.log}
        for axis in one.space
    }
    best = one.best
    return {
        "loss_function": str(one.arm),
        "chosen": one.chosen.written(),
        "fixed_value": one.fixed.value if one.attempts else None,
        "tuned_value": None if best is None else best.value,
        "space": space,
    }
