"""One job from claim to finish: trains, checkpoints, keeps the results, tells how it goes."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from lossbench.data import Pictures, prepare
from lossbench.errors import HeldError, SaveDirError, TrialError, shown, told
from lossbench.imports import settings_kept
from lossbench.losses import loss_digest
from lossbench.models import model_digest
from lossbench.run.ended import ended_before, outcome_of
from lossbench.run.halting import raise_if_halting
from lossbench.run.job import Event, Job, Notify
from lossbench.run.memory import wants_memory
from lossbench.run.provenance import provenance
from lossbench.run.repeatable import repeatable
from lossbench.spec import Trial
from lossbench.store import Record, Store
from lossbench.train import Clock, Epoch, Snapshot, train

__all__ = ["check_sources", "drive"]


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
                    return _ended(store, job, pictures, notify, clock)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a user's loss or model may raise anything: that trial failed
                raise_if_halting(error)
                return _failed(store, trial, error, clock)
    except HeldError:
        return Event("held", trial.key)
    except SaveDirError as error:
        raise_if_halting(error)
        return Event("failed", trial.key, reason=_said(error), seconds=dict(clock.seconds))


def _ended(store: Store, job: Job, pictures: Callable[[], Pictures], notify: Notify, clock: Clock) -> Event:
    """Trains a claimed trial, as far as it has to be; gives how it ended."""
    ended = ended_before(store, job.trial.key)
    if ended is None:
        _train(store, job, pictures(), notify, clock)
        ended = outcome_of(store, job.trial.key)
    clock.lap("storing")
    return replace(ended, seconds=dict(clock.seconds))


def _failed(store: Store, trial: Trial, error: BaseException, clock: Clock) -> Event:
    """Notes in the store that a trial failed; gives what is to be told."""
    own = isinstance(error, _RaisedError)
    raised = error.__cause__ if own and error.__cause__ else error
    reason = _said(raised)
    store.fail(trial, reason, for_good=own and not wants_memory(raised))
    return Event("failed", trial.key, reason=reason, seconds=dict(clock.seconds))


def _said(error: BaseException) -> str:
    return shown(told(error), limit=500)


class _RaisedError(Exception):
    """What the trial's own code raised, its loss or its model; the cause is it."""


def _epochs(job: Job, pictures: Pictures, resume_from: Snapshot | None, clock: Clock) -> Iterator[Epoch]:
    try:
        with repeatable(job.device):
            yield from train(job.trial, pictures, resume_from, device=job.device, clock=clock)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise _RaisedError from error


def _train(store: Store, job: Job, pictures: Pictures, notify: Notify, clock: Clock) -> None:
    key = job.trial.key
    trial = job.trial
    check_sources(trial)
    _check_device(job.device)
    began, started = time.perf_counter(), datetime.now(UTC)
    record, resume_from, before = _resumed(store, key)
    saved = began
    snapshot = (lambda: resume_from) if resume_from else None  # all that was left to do may be to write the results
    for epoch in _epochs(job, pictures, resume_from, clock):
        torch.set_num_threads(1)  # a user's model may have asked for more, which gives other bits (law 1)
        record = record.noted(epoch)
        snapshot = epoch.snapshot
        now = time.perf_counter()
        if now - saved >= job.checkpoint_seconds and not epoch.diverged:
            store.save_checkpoint(key, record, _arrays(snapshot()), epoch.number, before + now - began)
            saved = time.perf_counter()
        test = epoch.evaluations.get("test")
        accuracy = test.scores.accuracy if test else None
        notify(Event("epoch", key, epoch.number, accuracy, metrics=record.measured(epoch.number)))
        clock.lap("storing")
    parts = prepare(pictures, trial.scenario, trial.seed, trial.digests.get("label_noise"))
    prepared = store.put_prepared(trial, parts)
    store.finish(
        job.trial,
        record,
        targets={name: part.labels for name, part in parts.items() if name != "train"},
        provenance={
            **provenance(job, started, before + time.perf_counter() - began, pictures, parts),
            **({"prepared": prepared} if prepared else {}),
        },
        weights=_weights(snapshot()) if job.keep_weights and snapshot else None,
    )


def check_sources(trial: Trial) -> None:
    """Raises a TrialError where a user's own model or loss is not the one that the trial was made for."""
    sources = (
        ("model", trial.recipe.model, model_digest(trial.recipe.model, trial.make_model)),
        ("loss", trial.loss.name, loss_digest(trial.loss)),
    )
    for kind, name, digest in sources:
        if digest != trial.digests.get(kind):
            raise TrialError(f"the source of {name} changed after the study was begun: run it again")


def _check_device(device: str) -> None:
    """Raises a TrialError where this machine, be it a cluster's node, lacks the device: no fault of the trial's."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise TrialError(f"torch sees no CUDA device on {platform.node()}")


def _resumed(store: Store, key: str) -> tuple[Record, Snapshot | None, float]:
    """What a trial goes on from, and the seconds it has had."""
    found = store.load_checkpoint(key)
    if found is None:
        return Record(), None, 0.0
    record, state, epoch, seconds = found
    return record, Snapshot(epoch, {name: torch.from_numpy(value) for name, value in state.items()}), seconds


def _arrays(snapshot: Snapshot) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in snapshot.tensors.items()}


def _weights(snapshot: Snapshot) -> dict[str, np.ndarray]:
    arrays = _arrays(snapshot)
    return {name.removeprefix("model."): value for name, value in arrays.items() if name.startswith("model.")}
