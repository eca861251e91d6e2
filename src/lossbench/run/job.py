"""What an executor is given, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from lossbench.spec import Trial

__all__ = ["CHECKPOINT_SECONDS", "Event", "Executor", "Job", "Notify"]

CHECKPOINT_SECONDS = 5.0
"""At most this much training is lost to a crash, unless a job says otherwise."""


@dataclass(frozen=True)
class Job:
    """One trial to train.

    Args:
        trial: what to train.
        label: the loss as the study writes it.
        save_dir: the store's folder.
        device: a torch device.
        keep_weights: whether the last weights are kept.
        data_path: where the data lay; provenance only.
        import_path: where a user's own model is looked for besides the usual places; empty for the catalogue's.
        checkpoint_seconds: how much training may be lost to a crash; shorter epochs share a checkpoint.
    """

    trial: Trial
    label: str
    save_dir: str
    device: str = "cpu"
    keep_weights: bool = False
    data_path: str = ""
    import_path: tuple[str, ...] = ()
    checkpoint_seconds: float = CHECKPOINT_SECONDS

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its one trial, as a pool asks for it."""
        return (self.trial.key,)

    def only(self, keys: Collection[str]) -> Job:  # noqa: ARG002 - it has one
        """The job of some of its trials: itself."""
        return self

    def to_json(self) -> dict[str, Any]:
        """The job as plain JSON values."""
        return {**self.__dict__, "trial": self.trial.canonical()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Job:
        """The job that `to_json` wrote."""
        trial, import_path = Trial.from_canonical(values["trial"]), tuple(values["import_path"])
        return cls(**{**values, "trial": trial, "import_path": import_path})


@dataclass(frozen=True)
class Event:
    """Something that happened to a trial.

    Args:
        kind: `started`, `noted`, `epoch`, or how the trial ended; `held` where another run trains it, which is asked
            for again later; `halted` where the store cannot be written, which ends the run.
        key: the trial's.
        epoch: epochs done.
        accuracy: test accuracy, in epochs that were evaluated; of a tuning, the metric that is tuned.
        reason: why it diverged or failed; what is noted, as that it is not trained as was asked for and why.
        seconds: where its time went, by phase, when it has ended.
        metrics: what was measured, by `split/metric`, in epochs that were evaluated.
    """

    kind: Literal["started", "noted", "epoch", "finished", "diverged", "failed", "held", "halted"]
    key: str
    epoch: int = 0
    accuracy: float | None = None
    reason: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        """Whether the trial has ended."""
        return self.kind in ("finished", "diverged", "failed")

    @property
    def is_last(self) -> bool:
        """Whether a worker has nothing more to tell of the job that it was given."""
        return self.ends or self.kind in ("held", "halted")


Notify = Callable[[Event], None]


class Executor(Protocol):
    """Trains jobs, in any order, and tells what happens; a job that fails does not stop the others."""

    @property
    def workers(self) -> int:
        """How many trials are trained side by side at most."""
        ...

    def __call__(self, jobs: Iterable[Job], notify: Notify) -> None:
        """Trains every job; returns when all have ended, be it in another run that holds them.

        Raises:
            SaveDirError: the store cannot be written; what was finished is kept.
        """
        ...
