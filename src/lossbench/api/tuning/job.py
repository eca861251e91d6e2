"""`TuneJob`: one loss to be tuned, as a worker process is told of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.api.tuning.space import Axis
from lossbench.metrics import LOWER_IS_BETTER
from lossbench.spec import Trial, canonical_json

__all__ = ["TuneJob"]

VERSION = 1
"""Of how tuning chooses: raised when it would choose differently from the same results."""

_NO_LETTERS = re.compile(r"[^\w.=]+")


@dataclass(frozen=True)
class TuneJob:
    """One loss to be tuned.

    Args:
        label: the loss as the study writes it.
        trials: with the study's own values, one per tuning seed.
        space: what is chosen.
        metric: of the validation split, `accuracy` or another.
        budget: how many settings are tried.
        save_dir: the store's folder.
        folder: where the journal is kept.
        data: the digest by which the store has the pictures.
        sampler: the version of what draws the settings.
        device: a torch device.
        import_path: where a user's own code is looked for besides the usual places.
    """

    label: str
    trials: tuple[Trial, ...]
    space: tuple[Axis, ...]
    metric: str
    budget: int
    save_dir: str
    folder: str
    data: str
    sampler: str
    device: str = "cpu"
    import_path: tuple[str, ...] = ()

    @property
    def lower(self) -> bool:
        """Whether less of the metric is better."""
        return self.metric in LOWER_IS_BETTER

    @property
    def epochs(self) -> int:
        """How many epochs one attempt has at most."""
        return sum(trial.recipe.epochs for trial in self.trials)

    @property
    def key(self) -> str:
        """The name of the loss's journal: its label, and a digest of all that decides what is chosen but the budget.

        So a changed study begins a new journal, and a larger budget goes on with the old one.
        """
        values = {
            "version": VERSION,
            "sampler": self.sampler,
            "trials": [trial.canonical() for trial in self.trials],
            "space": [axis.__dict__ for axis in self.space],
            "metric": self.metric,
        }
        digest = hashlib.sha256(canonical_json(values).encode()).hexdigest()[:12]
        words = _NO_LETTERS.sub("-", self.label.lower()).strip("-.")
        return f"{words.encode()[:80].decode(errors='ignore')}-{digest}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its one journal, as a pool asks for it."""
        return (self.key,)

    def only(self, keys: Collection[str]) -> TuneJob:  # noqa: ARG002 - it has one
        """The job of some of its journals: itself."""
        return self

    def to_json(self) -> dict[str, Any]:
        """The job as plain JSON values."""
        trials = [trial.canonical() for trial in self.trials]
        return {**self.__dict__, "trials": trials, "space": [axis.__dict__ for axis in self.space]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TuneJob:
        """The job that `to_json` wrote."""
        read = {
            "trials": tuple(Trial.from_canonical(trial) for trial in values["trials"]),
            "space": tuple(Axis.from_json(axis) for axis in values["space"]),
            "import_path": tuple(values["import_path"]),
        }
        return cls(**{**values, **read})
