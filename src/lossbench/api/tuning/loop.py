"""Tuning one loss: a setting is asked for, trained with, and told what it gave, until the budget is used up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock

from lossbench.api.tuning.attempt import Attempt, Ending
from lossbench.api.tuning.job import TuneJob
from lossbench.api.tuning.journal import Asked, Journal
from lossbench.api.tuning.space import trial_with
from lossbench.data import Pictures
from lossbench.errors import shown, told
from lossbench.imports import settings_kept
from lossbench.run import Event, Notify, one_thread
from lossbench.run.course import check_sources
from lossbench.run.repeatable import repeatable
from lossbench.train import Epoch, train

__all__ = ["tune_loss"]


def tune_loss(job: TuneJob, pictures: Callable[[], Pictures], notify: Notify) -> None:
    """Tries settings of a loss until its budget is used up; what goes wrong is told, not raised.

    Whoever tunes the same loss meanwhile waits, and then finds it tuned.

    Args:
        job: the loss.
        pictures: gives the data without their test split, as `blind` makes them.
        notify: is told what happens, as `listening` gives it; an event's epoch counts through all attempts.
    """
    notify(Event("started", job.key))
    try:
        Path(job.folder).mkdir(parents=True, exist_ok=True)
        with FileLock(Path(job.folder) / f"{job.key}.lock"), one_thread(), repeatable(job.device):
            journal = Journal(job)
            if journal.tried < job.budget:
                check_sources(job.trials[0])
            while journal.tried < job.budget:
                _try_next(job, journal, pictures(), notify)
        notify(Event("finished", job.key, job.budget * job.epochs))
    except Exception as error:  # of this loss; the others go on
        notify(Event("failed", job.key, reason=_said(error)))


@dataclass(frozen=True)
class _End:
    """How an attempt ended: its value where it finished, the reason where it went wrong."""

    status: Ending
    value: float | None = None
    reason: str = ""


def _try_next(job: TuneJob, journal: Journal, pictures: Pictures, notify: Notify) -> None:
    began, asked = time.perf_counter(), journal.ask()
    course: list[float | None] = []
    try:
        with settings_kept():
            end = _train(job, asked, pictures, notify, course)
    except (Exception, SystemExit) as error:  # a user's model may raise anything: that setting failed
        end = _End("failed", reason=_said(error))
    seconds = round(time.perf_counter() - began, 3)
    asked.tell(Attempt(asked.number, asked.settings, end.value, len(course), end.status, seconds, end.reason))


def _train(job: TuneJob, asked: Asked, pictures: Pictures, notify: Notify, course: list[float | None]) -> _End:
    """Trains with a setting, on each tuning seed in turn, until it diverges or is given up; notes every epoch."""
    before, last = (asked.number - 1) * job.epochs, []
    for base in job.trials:
        for epoch in train(trial_with(base, job.space, asked.settings), pictures, device=job.device):
            torch.set_num_threads(1)  # a user's model may have asked for more, which gives other bits (law 1)
            if not epoch.number:
                continue  # the first look, before any step
            value = _value(epoch, job.metric)
            course.append(value)
            notify(Event("epoch", job.key, before + len(course), value))
            if epoch.diverged:
                return _End("diverged", reason=epoch.diverged)
            if value is not None and asked.hopeless(len(course), value) and len(course) < job.epochs:
                return _End("pruned")
        last.append(course[-1] or 0.0)  # the last epoch is always evaluated
    return _End("finished", sum(last) / len(last))


def _value(epoch: Epoch, metric: str) -> float | None:
    """The metric on validation; None in an epoch that was not evaluated. Nothing else of an epoch is looked at."""
    evaluation = epoch.evaluations.get("validation")
    if evaluation is None:
        return None
    found = getattr(evaluation.scores, metric, None)
    return float(getattr(evaluation, metric) if found is None else found)


def _said(error: BaseException) -> str:
    return shown(told(error), limit=500)
