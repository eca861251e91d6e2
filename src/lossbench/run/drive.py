"""One job from claim to finish: trains, checkpoints, keeps the results, tells how it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from lossbench.data import Pictures
from lossbench.errors import HeldError, SaveDirError, shown, told
from lossbench.imports import settings_kept
from lossbench.run.course import Course, RaisedError, failed
from lossbench.run.ended import ended_before
from lossbench.run.halting import raise_if_halting
from lossbench.run.job import Event, Job, Notify
from lossbench.run.repeatable import repeatable
from lossbench.store import Store
from lossbench.train import Clock, Epoch, Snapshot, train

__all__ = ["drive", "train_alone"]


def drive(job: Job, pictures: Callable[[], Pictures], notify: Notify) -> Event:
    """Trains one job unless the store has it; what goes wrong in it is noted in the store and told, not raised.

    A trial whose files are damaged is set aside and trained anew.

    Args:
        job: what to train.
        pictures: gives its data.
        notify: is told what happens, but for the end.

    Returns:
        how it ended; `held` where somebody else trains it just now.

    Raises:
        SaveDirError: the store cannot be written, which no other trial could be, either.
    """
    store, trial, clock = Store(Path(job.save_dir).absolute()), job.trial, Clock()  # wherever a user's code goes
    try:
        with store.claim(trial):
            notify(Event("started", trial.key))
            try:
                with settings_kept():
                    course, before = Course(store, job, notify, clock), ended_before(store, trial.key)
                    if before is None:
                        train_alone(course, pictures())
                    return course.ended(before)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a user's loss or model may raise anything: that trial failed
                raise_if_halting(error)
                return failed(store, trial, error, clock)
    except HeldError:
        return Event("held", trial.key)
    except SaveDirError as error:
        raise_if_halting(error)
        return Event("failed", trial.key, reason=shown(told(error), limit=500), seconds=dict(clock.seconds))


def train_alone(course: Course, pictures: Pictures) -> None:
    """Trains a claimed trial to its end and writes its results."""
    resume_from = course.begin()
    for epoch in _epochs(course.job, pictures, resume_from, course.clock):
        torch.set_num_threads(1)  # a user's model may have asked for more, which gives other bits (law 1)
        course.note(epoch)
    course.finish(pictures)


def _epochs(job: Job, pictures: Pictures, resume_from: Snapshot | None, clock: Clock) -> Iterator[Epoch]:
    try:
        with repeatable(job.device):
            yield from train(job.trial, pictures, resume_from, device=job.device, clock=clock)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise RaisedError from error
