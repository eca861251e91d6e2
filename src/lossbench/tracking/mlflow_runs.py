"""MLflow: an experiment per study, in it a run for the study with a run below it for each trial."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import mlflow
from mlflow.entities import Metric, Param, Run, RunTag, ViewType

from lossbench.errors import RequestError, told
from lossbench.tracking.tracker import Concluded, Ended, Point, TrackedTrial

__all__ = ["MLflow"]

_KEY = "lossbench.key"
_STUDY = "lossbench.study"
_MARK = "lossbench.study_digest"  # what it is found by: a name may have quotes in it, which a search does not take
_NOTE, _PARENT = "mlflow.note.content", "mlflow.parentRunId"  # what its pages show as description, and nest runs by
_MOST_METRICS = 900  # the service takes 1000 in a batch
_MOST_PARAMETERS = 90  # and of these 100
_LONGEST = 6000


class MLflow:
    """Writes to a tracking server or store. MLflow's own "active run" and tracking URI are not touched.

    A trial is known by the tag `lossbench.key`: one that goes on, or is sent again, goes into the run that it has, and
    epochs that are there are not sent twice.

    Args:
        where: a tracking URI; what MLflow takes by itself (`MLFLOW_TRACKING_URI`) when it is empty.
        field: what a complaint is about.

    Raises:
        RequestError: MLflow does not take the URI.
    """

    def __init__(self, where: str, field: str) -> None:
        try:
            with _quiet():
                self._client = mlflow.MlflowClient(tracking_uri=where or None)
        except Exception as error:  # an unknown scheme, a database that cannot be opened: from several libraries
            raise RequestError(field, "a tracking URI that MLflow can open", f"{where} ({told(error)})") from None
        self._experiments: dict[str, str] = {}
        self._studies: dict[str, str] = {}  # runs by study
        self._runs: dict[str, str] = {}  # runs by key, of trials that have begun and not ended
        self._last: dict[str, int] = {}  # the last epoch that is there, by key
        self._when: dict[str, int] = {}  # what points are dated by, where they were not taken just now

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        """Makes a run, or goes on with the one that the trial has."""
        self._last[trial.key], when = 0, _milliseconds(started)
        if started is not None:
            self._when[trial.key] = when
        found = self._find(trial.study, _KEY, trial.key)
        if found is not None:
            self._runs[trial.key] = found.info.run_id
            self._client.update_run(found.info.run_id, status="RUNNING")
            self._last[trial.key] = self._last_epoch(found)
            return
        tags = {_KEY: trial.key, _PARENT: self._study(trial.study), "loss_function": trial.loss_function}
        if trial.condition:
            tags["condition"] = trial.condition
        experiment = self._experiment(trial.study)
        run = self._client.create_run(experiment, start_time=when, tags=tags, run_name=trial.name)
        self._runs[trial.key] = run.info.run_id
        parameters = [Param(name, str(value)[:_LONGEST]) for name, value in trial.parameters.items()]
        for first in range(0, len(parameters), _MOST_PARAMETERS):
            self._client.log_batch(run.info.run_id, params=parameters[first : first + _MOST_PARAMETERS])

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        """Sends what is not there, with the epoch as step."""
        when = self._when.get(trial.key) or _milliseconds(None)
        fresh = [point for point in points if point.epoch > self._last[trial.key]]
        batch: list[Metric] = []
        for point in fresh:  # an epoch is sent whole or not at all
            metrics = [Metric(name, value, when, point.epoch) for name, value in point.metrics.items()]
            if len(batch) + len(metrics) > _MOST_METRICS:
                self._send(trial.key, batch)
                batch = []
            batch += metrics
        self._send(trial.key, batch)

    def _send(self, key: str, batch: Sequence[Metric]) -> None:
        if batch:
            self._client.log_batch(self._runs[key], metrics=batch)
            self._last[key] = batch[-1].step

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        """Ends the run: as failed where the trial diverged, too, with the status as a tag."""
        run = self._runs[trial.key]
        tags = {"lossbench.status": ended.status, **({"lossbench.reason": ended.reason} if ended.reason else {})}
        self._client.log_batch(run, self._late(run, ended), tags=_tags(tags))
        status = "FINISHED" if ended.status == "finished" else "FAILED"
        self._client.set_terminated(run, status, _milliseconds(ended.ended))
        del self._runs[trial.key]
        self._when.pop(trial.key, None)

    def _late(self, run: str, ended: Ended) -> list[Metric]:
        """What is known at the last epoch alone, as far as the run lacks it."""
        there = self._client.get_run(run).data.metrics if ended.late else {}
        when = _milliseconds(ended.ended)
        late = {name: value for name, value in ended.late.items() if there.get(name) != value}
        return [Metric(name, value, when, ended.epoch) for name, value in late.items()]

    def conclude(self, study: Concluded) -> None:
        """Keeps the answer as the study's description, and the report and tables as its artifacts."""
        run = self._study(study.study)
        self._client.log_batch(run, tags=_tags({_NOTE: f"{study.question}\n\n{study.answer}"}))
        for path in study.files:
            self._client.log_artifact(run, str(path))
        self._client.set_terminated(run)
        del self._studies[study.study]

    def close(self) -> None:
        """Ends what was begun and did not end, as killed; it may go on later."""
        for runs in (self._runs, self._studies):
            for run in runs.values():
                self._client.set_terminated(run, "KILLED")
            runs.clear()

    def _experiment(self, study: str) -> str:
        if study not in self._experiments:
            found = self._client.get_experiment_by_name(study)
            self._experiments[study] = found.experiment_id if found else self._client.create_experiment(study)
        return self._experiments[study]

    def _study(self, study: str) -> str:
        """The run of a study, made with its first trial."""
        if study not in self._studies:
            digest = hashlib.sha256(study.encode()).hexdigest()[:24]
            found = self._find(study, _MARK, digest)
            if found is None:
                tags = {_STUDY: study, _MARK: digest}
                found = self._client.create_run(self._experiment(study), tags=tags, run_name=study)
            else:
                self._client.update_run(found.info.run_id, status="RUNNING")
            self._studies[study] = found.info.run_id
        return self._studies[study]

    def _find(self, study: str, tag: str, value: str) -> Run | None:
        found = self._client.search_runs(
            [self._experiment(study)], f"tags.`{tag}` = '{value}'", ViewType.ACTIVE_ONLY, max_results=1
        )
        return found[0] if found else None

    def _last_epoch(self, run: Run) -> int:
        """The last epoch that a run has; of each epoch it has everything or nothing."""
        name = next(iter(run.data.metrics), None)
        steps = [metric.step for metric in self._client.get_metric_history(run.info.run_id, name)] if name else []
        return max(steps, default=0)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what a new database tells of its tables out of a run's progress."""
    loggers = [logging.getLogger(name) for name in ("mlflow.store.db.utils", "alembic")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _tags(values: Mapping[str, str]) -> list[RunTag]:
    return [RunTag(name, value[:_LONGEST]) for name, value in values.items()]


def _milliseconds(when: datetime | None) -> int:
    """Since 1970; of None, now."""
    return int(1000 * (time.time() if when is None else when.timestamp()))
