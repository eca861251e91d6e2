"""One job from claim to finish: trains, checkpoints, keeps the results, tells how it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import torch

from lossbench.data import Pictures, prepare
from lossbench.errors import LossbenchError, TrialError, shown
from lossbench.losses import loss_digest
from lossbench.models import model_digest
from lossbench.run.job import Event, Job, Notify
from lossbench.run.provenance import provenance
from lossbench.spec import Trial
from lossbench.store import Record, Store
from lossbench.train import Clock, Snapshot, train

__all__ = ["check_sources", "drive"]

CHECKPOINT_SECONDS = 5.0
"""At most this much training is lost to a crash; shorter epochs share a checkpoint."""


def drive(
    job: Job,
    pictures: Callable[[], Pictures],
    notify: Notify,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> None:
    """Trains one job unless the store has it; whatever goes wrong is noted in the store and told, not raised.

    Args:
        job: what to train.
        pictures: gives its data.
        notify: is told what happens.
        checkpoint_seconds: how much training may be lost to a crash.
    """
    store, trial, clock = Store(job.save_dir), job.trial, Clock()
    notify(Event("started", trial.key))
    try:
        with store.claim(trial):
            if store.finished(trial.key):
                store.tidy(trial.key)
            else:
                _train(store, job, pictures(), notify, checkpoint_seconds, clock)
            outcome = store.outcome(trial.key)
        clock.lap("storing")
        ended = Event(outcome["status"], trial.key, outcome["epochs"], reason=outcome["reason"])
        notify(replace(ended, seconds=dict(clock.seconds)))
    except (Exception, SystemExit) as error:  # a user's model may raise anything: that trial failed, the others go on
        reason = shown(
            str(error) if isinstance(error, LossbenchError) else f"{type(error).__name__}: {error}", limit=500
        )
        with suppress(OSError):  # the event tells it where the disk cannot
            store.fail(trial, reason)
        notify(Event("failed", trial.key, reason=reason, seconds=dict(clock.seconds)))


def _train(store: Store, job: Job, pictures: Pictures, notify: Notify, checkpoint_seconds: float, clock: Clock) -> None:
    key = job.trial.key
    trial = job.trial
    check_sources(trial)
    began, started = time.perf_counter(), datetime.now(UTC)
    record, resume_from, before = _resumed(store, key)
    saved = began
    snapshot = None
    for epoch in train(job.trial, pictures, resume_from, device=job.device, clock=clock):
        torch.set_num_threads(1)  # a user's model may have asked for more, which gives other bits (law 1)
        record = record.noted(epoch)
        snapshot = epoch.snapshot
        now = time.perf_counter()
        if now - saved >= checkpoint_seconds and not epoch.diverged:
            store.save_checkpoint(key, record, _arrays(snapshot()), epoch.number, before + now - began)
            saved = time.perf_counter()
        test = epoch.evaluations.get("test")
        notify(Event("epoch", key, epoch.number, test.scores.accuracy if test else None))
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
        ("model", trial.recipe.model, model_digest(trial.recipe.model)),
        ("loss", trial.loss.name, loss_digest(trial.loss)),
    )
    for kind, name, digest in sources:
        if digest != trial.digests.get(kind):
            raise TrialError(f"the source of {name} changed after the study was begun: run it again")


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
