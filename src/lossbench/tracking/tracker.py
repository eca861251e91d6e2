"""`Tracker`: what lossbench asks of a place where people look at experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

__all__ = ["Concluded", "Ended", "Parameter", "Point", "TrackedTrial", "Tracker"]

Parameter = str | int | float | bool


@dataclass(frozen=True)
class TrackedTrial:
    """A trial as trackers are told of it.

    Args:
        study: the study's name.
        condition: model, scenario or recipe in words; empty where the study has one condition.
        loss_function: the loss as the study writes it.
        seed: the trial's.
        key: the trial's key in the store, which no other trial has.
        parameters: all that decides its result, by dotted names: `loss`, `loss.gamma`, `recipe.optimizer.lr`.
    """

    study: str
    condition: str
    loss_function: str
    seed: int
    key: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people read: `focal(gamma=2), seed 1`, with the condition behind it where there are several."""
        return ", ".join(part for part in (self.loss_function, f"seed {self.seed}", self.condition) if part)


@dataclass(frozen=True)
class Point:
    """What was measured after an epoch.

    Args:
        epoch: from 1.
        metrics: finite values by `split/metric`: `test/accuracy`, `train/loss`.
    """

    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Ended:
    """How a trial ended.

    Args:
        status: finished, diverged or failed.
        reason: why it diverged or failed; empty when it finished.
        metrics: the last values by `split/metric`; empty for a trial that failed.
        started: when training began, where it is known.
        ended: when it ended, where it is known.
        epoch: the last one that was evaluated; 0 where none was.
        late: those of `metrics` that are known at that epoch alone, so that no point has them: `test/top5`,
            `test/auroc`, and the study's own metrics.
    """

    status: Literal["finished", "diverged", "failed"]
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    started: datetime | None = None
    ended: datetime | None = None
    epoch: int = 0
    late: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Concluded:
    """What a study came to, once its report is written.

    Args:
        study: its name.
        question: what it asks.
        answer: the answer in sentences, plain text.
        files: the report and the tables beside it.
    """

    study: str
    question: str
    answer: str
    files: tuple[Path, ...]


class Tracker(Protocol):
    """A place where people look at experiments.

    One thread calls it, of one trial after another or of several in turn. It may raise whatever it likes: that
    trial is then missing there, and nothing else happens. It changes nothing that is global to the process, and
    writes nothing into the save dir.
    """

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        """A trial begins, or goes on after an interruption: what is told from here replaces what it had.

        Args:
            trial: which.
            started: when its training began; None where it is not known.
        """
        ...

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        """Epochs that were evaluated, ascending; of a trial that was begun."""
        ...

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        """A trial that was begun has ended; nothing more comes of it unless it is begun again."""
        ...

    def conclude(self, study: Concluded) -> None:
        """A study's report was written."""
        ...

    def close(self) -> None:
        """Nothing more will come: what was buffered is sent. May come more than once."""
        ...
