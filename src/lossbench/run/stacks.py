"""Jobs that can be trained as one stack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from lossbench.errors import RequestError
from lossbench.run.job import Job
from lossbench.spec import Trial, canonical_json

__all__ = ["Stack", "checked_stack", "chunks", "stack_key", "stacks_of"]

_OF_A_LANE = ("epochs", "schedule", "eval_interval")
"""What lanes need not have in common of a recipe, beside the learning rate."""


@dataclass(frozen=True)
class Stack:
    """Jobs that are trained together, as far as memory and time let them.

    Args:
        jobs: of one stack key.
        width: how many side by side; None for as many as are found to pay.
        beside: how many stacks share a device's memory, this one among them.
    """

    jobs: tuple[Job, ...]
    width: int | None = None
    beside: int = 1

    @property
    def keys(self) -> tuple[str, ...]:
        """The trials' keys."""
        return tuple(job.trial.key for job in self.jobs)

    @property
    def import_path(self) -> tuple[str, ...]:
        """Where a user's own code is looked for besides the usual places."""
        return self.jobs[0].import_path

    def only(self, keys: Collection[str]) -> Stack:
        """The same of some of its trials."""
        return replace(self, jobs=tuple(job for job in self.jobs if job.trial.key in keys))

    def to_json(self) -> dict[str, Any]:
        """The stack as plain JSON values."""
        return {**self.__dict__, "jobs": [job.to_json() for job in self.jobs]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Stack:
        """The stack that `to_json` wrote."""
        return cls(**{**values, "jobs": tuple(Job.from_json(job) for job in values["jobs"])})


def checked_stack(stack: int | Literal["auto"] | None) -> int | Literal["auto"] | None:
    """How many trials a stack shall have at most, as it was asked for.

    Raises:
        RequestError: neither `auto` nor a number of at least 1.
    """
    if (isinstance(stack, int) and stack < 1) or (not isinstance(stack, int | None) and stack != "auto"):
        raise RequestError("--stack", "auto or a number of at least 1", stack)
    return stack


def stack_key(trial: Trial) -> str:
    """What trials have in common that can be trained as one stack: all but loss, seed, length and learning rate.

    Their label noise may differ, for the pictures are the same, and so may what their splits drew: no more than their
    lengths are equal.
    """
    recipe = {name: value for name, value in trial.recipe.canonical().items() if name not in _OF_A_LANE}
    recipe["optimizer"] = {name: value for name, value in recipe["optimizer"].items() if name != "lr"}
    scenario = trial.scenario.canonical()
    sizes = [scenario.get(name) for name in ("imbalance", "train_size", "validation")]
    digests = [trial.digests.get(name) for name in ("data", "model")]
    versions = [trial.versions.get(name) for name in ("data", "loop", "model")]
    return canonical_json([recipe, sizes, digests, versions])


def stacks_of(jobs: Iterable[Job], workers: int, width: int | None = None, beside: int = 1) -> list[Stack]:
    """Jobs by stack key, dealt out to the workers; where a width is given, in stacks of that size at most.

    Args:
        jobs: what is to be trained.
        workers: how many stacks are trained side by side.
        width: how many lanes at most; None leaves it to the worker, which measures.
        beside: how many of the workers share a device's memory.
    """
    alike = defaultdict[tuple[str, str], list[Job]](list)
    for job in jobs:
        alike[job.device, stack_key(job.trial)].append(job)
    stacks = []
    for group in alike.values():
        size = -(-len(group) // workers)
        for some in chunks(group, size if width is None else min(width, size)):
            stacks.append(Stack(tuple(some), width, beside))
    return stacks


def chunks(jobs: list[Job], size: int) -> list[list[Job]]:
    """Jobs in as few parts of at most so many as there have to be, of equal length up to one; of like lengths together.

    Lanes with as many epochs leave a stack together.
    """
    ordered = sorted(jobs, key=lambda job: job.trial.recipe.epochs)
    count = -(-len(ordered) // size)
    bounds = [round(part * len(ordered) / count) for part in range(count + 1)]
    return [ordered[start:stop] for start, stop in pairwise(bounds)]
