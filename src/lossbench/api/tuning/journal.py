"""What was tried of a loss, in Optuna's journal storage: asked for the next setting, told what it gave.

The only module that knows Optuna, which comes with the extra `tune`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, Trial, TrialState

from lossbench.api.tuning.attempt import Attempt
from lossbench.api.tuning.job import TuneJob
from lossbench.api.tuning.space import Axis, Settings
from lossbench.errors import StoreError
from lossbench.rng import stream
from lossbench.spec.call import Value

__all__ = ["SAMPLER", "Journal", "attempts_of"]

SAMPLER = f"optuna {optuna.__version__}"

# Neither depends on the budget, so that a larger one goes on where a smaller one ended.
_RANDOM = 5  # attempts, the study's own values among them, before the sampler learns from what they gave
_UNPRUNED = 4  # finished attempts before one is given up


class Journal:
    """A loss's journal, held by one process at a time.

    Args:
        job: the loss.

    Raises:
        StoreError: the file is damaged.
    """

    def __init__(self, job: TuneJob) -> None:
        path = _path(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        _mend(path)
        self.job = job
        with _quiet(), _readable(path):
            self._study = optuna.create_study(
                storage=_storage(path),
                study_name=job.key,
                direction="minimize" if job.lower else "maximize",
                pruner=optuna.pruners.MedianPruner(_UNPRUNED, n_warmup_steps=max(1, job.epochs // 3)),
                load_if_exists=True,
            )
            for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                self._study.tell(trial.number, state=TrialState.FAIL)  # of a process that ended; it is asked for anew

    @property
    def tried(self) -> int:
        """How many attempts have ended."""
        return len(_ended(self._study.get_trials(deepcopy=False)))

    def ask(self) -> Asked:
        """The next setting to try: first the study's own values, then what the sampler makes of all earlier ones."""
        number = self.tried + 1
        seed = int(stream(self.job.trials[0].seed, "tuning", number).integers(2**31))
        with _quiet():
            self._study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM, multivariate=True)
            if number == 1 and not self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
                self._study.enqueue_trial({axis.name: axis.own for axis in self.job.space})
            return Asked(self._study, self._study.ask(_distributions(self.job.space)), self.job.space)


class Asked:
    """A setting that is being tried."""

    def __init__(self, study: optuna.Study, trial: Trial, space: tuple[Axis, ...]) -> None:
        self._study, self._trial = study, trial
        self.number = len(_ended(study.get_trials(deepcopy=False))) + 1
        self.settings = _settings(trial.params, space)

    def hopeless(self, epoch: int, value: float) -> bool:
        """Notes the metric after an epoch; whether the attempt has been worse than the median of the earlier ones."""
        self._trial.report(value, epoch)
        return self._trial.should_prune()

    def tell(self, attempt: Attempt) -> None:
        """Ends the attempt."""
        for name in ("status", "epochs", "seconds", "reason"):
            self._trial.set_user_attr(name, getattr(attempt, name))
        with _quiet():
            if attempt.status == "pruned":
                self._study.tell(self._trial, state=TrialState.PRUNED)
            else:
                worst = math.inf if self._study.direction == optuna.study.StudyDirection.MINIMIZE else -math.inf
                self._study.tell(self._trial, worst if attempt.value is None else attempt.value)


def attempts_of(job: TuneJob) -> tuple[Attempt, ...]:
    """What was tried of a loss within its budget; another process may be adding to it.

    Raises:
        StoreError: the journal is damaged.
    """
    path = _path(job)
    if not path.exists():
        return ()
    with _quiet(), _readable(path):
        storage = _storage(path)
        if job.key not in optuna.get_all_study_names(storage):
            return ()
        study = optuna.load_study(study_name=job.key, storage=storage)
        ended = _ended(study.get_trials(deepcopy=False))[: job.budget]
        return tuple(_attempt(place, trial, job.space) for place, trial in enumerate(ended, start=1))


def _attempt(number: int, trial: FrozenTrial, space: tuple[Axis, ...]) -> Attempt:
    known = trial.user_attrs
    value = trial.value if known["status"] == "finished" else None
    settings = _settings(trial.params, space)
    return Attempt(number, settings, value, known["epochs"], known["status"], known["seconds"], known["reason"])


def _ended(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """The attempts that came to an end; Optuna's failed ones are those that a process left behind."""
    return [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]


def _settings(values: dict[str, Any], space: tuple[Axis, ...]) -> Settings:
    """What is trained with: the study's own values as they are, others rounded."""
    return MappingProxyType({axis.name: _setting(axis, values[axis.name]) for axis in space})


def _setting(axis: Axis, value: Value) -> Value:
    return axis.own if value == axis.own else axis.rounded(value)


def _distributions(space: tuple[Axis, ...]) -> dict[str, BaseDistribution]:
    return {axis.name: _distribution(axis) for axis in space}


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.values:
        return CategoricalDistribution([value for value in axis.values if not isinstance(value, tuple)])
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def _path(job: TuneJob) -> Path:
    return Path(job.folder) / f"{job.key}.journal"


def _storage(path: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))


def _mend(path: Path) -> None:
    """Undoes what a process left that was killed while it wrote: its lock, and half a line.

    Whoever mends a journal holds the loss, so that nobody else can be writing it.
    """
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    if path.exists():
        kept = path.read_bytes()
        whole = kept.rfind(b"\n") + 1
        if whole < len(kept):
            with path.open("r+b") as file:
                file.truncate(whole)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Says in one sentence that a journal cannot be read."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:  # whatever a damaged line makes of its reader
        raise StoreError(f"{path} is no journal of a tuning; move it away and tune again: {error}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Lets Optuna say what is wrong and nothing else, and puts its own choice back."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # older ones call TPE's option that
            yield
    finally:
        optuna.logging.set_verbosity(before)
