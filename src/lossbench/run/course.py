"""A claimed trial on its way: what it goes on from, what is kept and told on the way, how it ends."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from lossbench.data import Pictures, prepare
from lossbench.errors import TrialError, shown, told
from lossbench.losses import loss_digest
from lossbench.models import model_digest
from lossbench.run.ended import outcome_of
from lossbench.run.job import Event, Job, Notify
from lossbench.run.memory import wants_memory
from lossbench.run.provenance import provenance
from lossbench.spec import Trial
from lossbench.store import Record, Store
from lossbench.train import Clock, Epoch, Snapshot
from lossbench.train.stack import ENGINE, FORMS, Form

__all__ = ["Course", "RaisedError", "check_sources", "failed", "kept_form"]


class RaisedError(Exception):
    """What the trial's own code raised, its loss or its model; the cause is it."""


class Course:
    """A trial from its claim to its end, as the store and who listens see it.

    Args:
        store: which keeps it; the trial is claimed.
        job: what is trained.
        notify: is told of its epochs.
        clock: where its time goes.
        form: of the convolutions of a stack that trains it; None where it is trained alone. What was kept in another
            way is no way to go on.
    """

    def __init__(self, store: Store, job: Job, notify: Notify, clock: Clock, form: Form | None = None) -> None:
        self.store, self.job, self.notify, self.clock, self.form = store, job, notify, clock, form
        self.key = job.trial.key

    def begin(self) -> Snapshot | None:
        """Looks for what the trial goes on from.

        Raises:
            TrialError: its own loss or model is not the one that the trial was made for, or the device is not here.
        """
        check_sources(self.job.trial)
        _check_device(self.job.device)
        self._began, self._started = time.perf_counter(), datetime.now(UTC)
        self.record, found, self._before = _resumed(self.store, self.key, self.form)
        self._saved = self._began
        self._snapshot = (lambda: found) if found else None  # all that was left to do may be to write the results
        return found

    def note(self, epoch: Epoch) -> None:
        """Takes an epoch in, keeps a checkpoint if it is time, and tells."""
        self.record = self.record.noted(epoch)
        self._snapshot = epoch.snapshot
        now = time.perf_counter()
        if now - self._saved >= self.job.checkpoint_seconds and not epoch.diverged:
            seconds = self._before + now - self._began
            self.store.save_checkpoint(self.key, self.record, _arrays(epoch.snapshot()), epoch.number, seconds)
            self._saved = time.perf_counter()
        test = epoch.evaluations.get("test")
        accuracy = test.scores.accuracy if test else None
        measured = self.record.measured(epoch.number)
        self.notify(Event("epoch", self.key, epoch.number, accuracy, metrics=measured))
        self.clock.lap("storing")

    def finish(self, pictures: Pictures, **engine: Any) -> None:
        """Writes the results.

        Args:
            pictures: the data.
            engine: what its provenance says of how it was computed, beside what is usual.
        """
        trial = self.job.trial
        parts = prepare(pictures, trial.scenario, trial.seed, trial.digests.get("label_noise"))
        prepared = self.store.put_prepared(trial, parts)
        seconds = self._before + time.perf_counter() - self._began
        said = provenance(self.job, self._started, seconds, pictures, parts)
        self.store.finish(
            trial,
            self.record,
            targets={name: part.labels for name, part in parts.items() if name != "train"},
            provenance={**said, **engine, **({"prepared": prepared} if prepared else {})},
            weights=_weights(self._snapshot()) if self.job.keep_weights and self._snapshot else None,
        )

    def ended(self, before: Event | None = None) -> Event:
        """How it ended, as the store has it; `before` where it had ended before."""
        last = before or outcome_of(self.store, self.key)
        self.clock.lap("storing")
        return replace(last, seconds=dict(self.clock.seconds))


def failed(store: Store, trial: Trial, error: BaseException, clock: Clock) -> Event:
    """Notes in the store that a trial failed; gives what is to be told."""
    own = isinstance(error, RaisedError)
    raised = error.__cause__ if own and error.__cause__ else error
    reason = shown(told(raised), limit=500)
    store.fail(trial, reason, for_good=own and not wants_memory(raised))
    return Event("failed", trial.key, reason=reason, seconds=dict(clock.seconds))


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


def kept_form(store: Store, key: str) -> Form | None:
    """The form of the stack that has kept something of a trial; None where none has."""
    found = store.load_checkpoint(key)
    return None if found is None else _form_of(found[1])


def _form_of(state: Mapping[str, np.ndarray]) -> Form | None:
    """The form of the stack that a checkpoint's state is of; None where the trial was trained alone."""
    return FORMS[int(state[ENGINE])] if ENGINE in state else None


def _resumed(store: Store, key: str, form: Form | None) -> tuple[Record, Snapshot | None, float]:
    """What a trial goes on from, and the seconds it has had; what was kept in another way would give other bits."""
    found = store.load_checkpoint(key)
    if found is None or _form_of(found[1]) != form:
        return Record(), None, 0.0
    record, state, epoch, seconds = found
    return record, Snapshot(epoch, {name: torch.from_numpy(value) for name, value in state.items()}), seconds


def _arrays(snapshot: Snapshot) -> Mapping[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in snapshot.tensors.items()}


def _weights(snapshot: Snapshot) -> dict[str, np.ndarray]:
    arrays = _arrays(snapshot)
    return {name.removeprefix("model."): value for name, value in arrays.items() if name.startswith("model.")}
