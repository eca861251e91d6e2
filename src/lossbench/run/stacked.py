"""Trials of one architecture side by side in one model, in one worker process or in several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from lossbench.run.job import Event, Job, Notify
from lossbench.run.pool import Pool
from lossbench.run.processes import Processes, note_failure
from lossbench.run.stacks import Stack, checked_stack, stacks_of

__all__ = ["Stacked"]


class Stacked(Processes):
    """Trains trials that differ in loss, seed and learning rate as one stack: for GPUs, which small models leave idle.

    Trials of a model that no stack has are trained one by one. The results are those of other executors up to
    rounding, and say in their provenance that a stack gave them.

    Args:
        width: how many trials a stack has at most; `auto` for as many as memory allows and pay, which is measured.
        workers: how many stacks side by side; None for one per GPU, or per usable core.
        gpus: which GPUs the workers share; none for a processor.
    """

    def __init__(
        self, width: int | Literal["auto"] = "auto", workers: int | None = None, gpus: Sequence[str] = ()
    ) -> None:
        super().__init__(workers, gpus)
        width = checked_stack(width) or "auto"
        self._width = None if width == "auto" else width

    def __call__(self, jobs: Iterable[Job], notify: Notify) -> None:
        """Trains every job; an interrupt stops the workers before it is raised."""
        beside = -(-self.workers // max(len(self._gpus), 1))
        stacks = stacks_of(jobs, self.workers, self._width, beside)
        Pool("lossbench.run.stack_worker", self.workers, _note_failure, self._places)(stacks, notify)


def _note_failure(stack: Stack, reason: str) -> Event:
    """What is told of a trial whose worker process died over it."""
    return note_failure(stack.jobs[0], reason)
