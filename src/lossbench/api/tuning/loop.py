"""Tuning one loss: a setting is asked for, trained with, and told what it gave, until the budget is used up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock

from lossbench.api.tuning.attempt import Attempt
from lossbench.api.tuning.job import TuneJob
from lossbench.api.tuning.journal import Asked, Journal
from lossbench.api.tuning.space import trial_with
from lossbench.data import Pictures
from lossbench.errors import LossbenchError, shown
from lossbench.run import Event, Notify, one_thread
from lossbench.run.drive import check_sources
from lossbench.train import train

__all__ = ["tune_loss"]


def tune_loss(job: TuneJob, pictures: Callable[[], Pictures], notify: Notify) -> None:
    """Tries settings of a loss until its budget is used up; what goes wrong is told, not raised.

    Whoever tunes the same loss meanwhile waits, and then finds it tuned.

    Args:
        job: the loss.
        pictures: gives the data without their test split, as `blind` makes them.
        notify: is told what happens; an event's epoch counts all attempts.
    """
    notify(Event("started", job.key))
    try:
        Path(job.folder).mkdir(parents=True, exist_ok=True)
        with FileLock(Path(job.folder) / f"{job.key}.lock"), one_thread():
            journal = Journal(job)
            for trial in job.trials if journal.tried < job.budget else ():
                check_sources(trial)
            while journal.tried < job.budget:
                _try_next(job, journal, pictures(), notify)
        notify(Event("finished", job.key, job.budget * job.epochs))
    except Exception as error:  # the others go on
        notify(Event("failed", job.key, reason=_said(error)))


def _try_next(job: TuneJob, journal: Journal, pictures: Pictures, notify: Notify) -> None:
    began, asked = time.perf_counter(), journal.ask()
    course = _Course(job, asked, notify)
    try:
        for _ in course.run(pictures):
            torch.set_num_threads(1)  # a user's model may have asked for more, which gives other bits (law 1)
    except (Exception, SystemExit) as error:  # a user's model may raise anything: that setting failed
        course.ended("failed", _said(error))
    seconds = round(time.perf_counter() - began, 3)
    finished = course.status == "finished"
    value = sum(course.last) / len(course.last) if finished else None
    asked.tell(Attempt(asked.number, asked.settings, value, course.epochs, course.status, seconds, course.reason))


class _Course:
    """One attempt from its first epoch to its end.

    Args:
        job: the loss.
        asked: the setting.
        notify: is told of every epoch.
    """

    def __init__(self, job: TuneJob, asked: Asked, notify: Notify) -> None:
        self.job, self.asked, self.notify = job, asked, notify
        self.epochs = 0
        self.last: list[float] = []
