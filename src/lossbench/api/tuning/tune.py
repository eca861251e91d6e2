"""Tuning a study: the same number of settings tried for every loss, on validation data, and a study that confirms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lossbench.api.data_of import source_of, with_data
from lossbench.api.tuning.attempt import Attempt
from lossbench.api.tuning.blind import blind
from lossbench.api.tuning.confirm import check_untied, confirmation, fresh_seeds, tuning_seeds
from lossbench.api.tuning.extra import check_extra
from lossbench.api.tuning.job import TuneJob
from lossbench.api.tuning.one import check_metric, check_one
from lossbench.api.tuning.space import space_of
from lossbench.api.tuning.tuning import TunedLoss, Tuning
from lossbench.api.tuning.under_way import under_way
from lossbench.data import Data, Pictures, Source
from lossbench.errors import RequestError, shown
from lossbench.files import writing
from lossbench.folders import check_cache
from lossbench.imports import import_path
from lossbench.resolve import resolve, settle, settle_device, settle_names
from lossbench.run import Event, Notify, Processes
from lossbench.run.halting import listening
from lossbench.run.pool import Pool
from lossbench.spec import Plan, Scenario, Study
from lossbench.store import Store

__all__ = ["Planned", "plan_tuning", "tune", "tune_missing"]

VALIDATION = 0.1
"""The share of the training pictures that is held out where the study's scenario holds out none."""

_MOST = 100_000


@dataclass(frozen=True, eq=False)
class Planned:
    """A tuning that is known to be possible; nothing of it is written yet.

    Args:
        study: what is tuned, its names settled.
        scenario: on what, with a validation split.
        seeds: what settings are tried with.
        fresh: the confirmation's seeds.
        jobs: one per loss.
        pictures: the data.
        source: where they lay.
        store: the save dir.
    """

    study: Study
    scenario: Scenario
    seeds: tuple[int, ...]
    fresh: tuple[int, ...]
    jobs: tuple[TuneJob, ...]
    pictures: Pictures
    source: Source
    store: Store

    @property
    def adds_validation(self) -> bool:
        """Whether the study's scenario has no validation split of its own."""
        return self.study.scenario.validation is None

    @property
    def folder(self) -> Path:
        """Where journals and tables are kept."""
        return self.store.root / "tuning" / self.study.name

    @property
    def missing(self) -> tuple[TuneJob, ...]:
        """The losses whose budget is not used up."""
        from lossbench.api.tuning.journal import attempts_of

        return tuple(job for job in self.jobs if len(attempts_of(job)) < job.budget)


def plan_tuning(
    study: Study,
    budget: int = 20,
    *,
    seeds: int | None = None,
    tune_seeds: int = 1,
    save_dir: str | Path = "log",
    data: Data | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
) -> Planned:
    """Checks everything that a tuning asks for, without writing anything; the arguments are those of `tune`.

    Raises:
        RequestError: something in it cannot be done; one sentence says what.
    """
    check_extra()
    numbers = {"budget": budget, "seeds": len(study.seeds) if seeds is None else seeds, "tune_seeds": tune_seeds}
    for field, number in numbers.items():
        if type(number) is not int or not 1 <= number <= _MOST:
            raise RequestError(field, f"a whole number from 1 to {_MOST}", number)
    check_one(study)
    settled = settle_device(device)
    study = settle_names(with_data(study, data))
    check_untied(study.losses)
    check_metric(study)
    store = Store(save_dir)
    store.check_writable()
    check_cache()
    source = source_of(study, data, data_dir)
    pictures = store.find_pictures(source.fingerprint) or source.decode()
    tried_with = tuning_seeds(study, tune_seeds)
    scenario = _with_validation(study.scenario)
    planned = Planned(
        study, scenario, tried_with, fresh_seeds(study, numbers["seeds"], tried_with), (), pictures, source, store
    )
    return _with_jobs(planned, budget, settled)


def _with_validation(scenario: Scenario) -> Scenario:
    return scenario if scenario.validation is not None else scenario.model_copy(update={"validation": VALIDATION})


def _with_jobs(planned: Planned, budget: int, device: str) -> Planned:
    """The tuning with a job per loss, each of them checked with the study's own values; no test label is at hand."""
    from lossbench.api.tuning.journal import SAMPLER

    recipe = planned.study.recipe.model_copy(update={"train_metrics": "running"})  # nobody looks at the training split
    changes = {"scenarios": (str(planned.scenario),), "seeds": planned.seeds, "plan": Plan(), "recipe": recipe}
    study = settle(planned.study.model_copy(update=changes), device)
    resolved = resolve(study, blind(planned.pictures), device)
    own_code = ":" in study.model or any(arm.loss.own for arm in study.losses)
    jobs = tuple(
        TuneJob(
            str(arm),
            tuple(resolved.trials[str(arm), seed] for seed in planned.seeds),
            space_of(arm, study.recipe),
            planned.study.plan.metric.partition(".")[2],
            budget,
            str(planned.store.root),
            str(planned.folder),
            planned.pictures.digest,
            SAMPLER,
            device,
            import_path() if own_code else (),
        )
        for arm in study.losses
    )
    pictures = replace(planned.pictures, other_labels=resolved.pictures.other_labels)
    return replace(planned, jobs=jobs, pictures=pictures)


def tune_missing(
    planned: Planned, notify: Notify, *, executor: str = "processes", workers: int | None = None
) -> Tuning:
    """Tries what the journals lack, writes the tables, and gives what was chosen.

    Args:
        planned: the checked tuning.
        notify: is told what happens.
        executor: `processes` or `inline`.
        workers: processes at most; None for one per core.

    Raises:
        RequestError: an unknown executor, or fewer than one worker.
        TrialError: a loss could not be given its whole budget; what was tried is kept.
    """
    from lossbench.api.tuning.journal import attempts_of
    from lossbench.api.tuning.worker import tune_losses

    number = _workers(executor, workers)
    reasons: list[str] = []

    def heard(event: Event) -> None:
        if event.reason:
            reasons.append(event.reason)
        notify(event)

    with under_way(planned.store, planned.folder, planned.pictures, planned.source.fingerprint):
        missing = planned.missing
        here = [job for job in missing if number == 0 or job.trials[0].given]  # a Python object without import path
        elsewhere = [job for job in missing if job not in here]
        if elsewhere:
            Pool("lossbench.api.tuning.worker", number, _failed)(elsewhere, heard)
        with listening(heard) as tell:
            tune_losses(here, tell)
        tuning = _gathered(planned, [attempts_of(job) for job in planned.jobs])
        tuning.check_whole(reasons)
        with writing("--save-dir", planned.store.root):
            tuning.write()
    return tuning


def _workers(executor: str, workers: int | None) -> int:
    """How many processes; 0 for none."""
    if executor not in ("processes", "inline"):
        raise RequestError("--executor", "processes or inline", executor)
    return Processes(workers).workers if executor == "processes" else 0


def _failed(job: TuneJob, reason: str) -> Event:
    """What is told of a loss whose worker process died over it."""
    return Event("failed", job.key, reason=shown(reason))


def _gathered(planned: Planned, attempts: Sequence[tuple[Attempt, ...]]) -> Tuning:
    study = planned.study
    losses = tuple(
        TunedLoss(arm, job.space, tried, job.lower)
        for arm, job, tried in zip(study.losses, planned.jobs, attempts, strict=True)
    )
    chosen = {str(one.arm): one.chosen for one in losses}
    first = planned.jobs[0]
    return Tuning(
        study=confirmation(study, chosen, planned.fresh),
        metric=f"validation.{first.metric}",
        seeds=planned.seeds,
        scenario=str(planned.scenario),
        budget=first.budget,
        losses=losses,
        folder=planned.folder,
    )


def tune(
    study: Study,
    budget: int = 20,
    *,
    seeds: int | None = None,
    tune_seeds: int = 1,
    save_dir: str | Path = "log",
    data: Data | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    executor: str = "processes",
    workers: int | None = None,
) -> Tuning:
    """Gives every loss of a study the same tuning budget on validation data; gives the study that confirms it.

    The first setting of a loss is the study's own. No test label is read; what was tried before is not tried again.

    Args:
        study: with one model, one scenario, and losses that are not tuned yet.
        budget: how many settings are tried for each loss.
        seeds: how many fresh seeds the confirmation has; as many as the study when it is None.
        tune_seeds: with how many seeds a setting is tried.
        save_dir: where the journals are kept and found again.
        data: pictures or vectors given from Python, in the place of what the study says.
        data_dir: where named data sets are looked for first.
        device: `auto`, `cpu`, `cuda` or `mps`.
        executor: `processes` or `inline`.
        workers: processes at most; None for one per core.

    Returns:
        what was tried and chosen; `lossbench.run(tuning.study)` compares both recipes, with the same `data=`.

    Raises:
        RequestError: something in it cannot be done; nothing was written.
        TrialError: a loss could not be given its whole budget; what was tried is kept.
    """
    planned = plan_tuning(
        study,
        budget,
        seeds=seeds,
        tune_seeds=tune_seeds,
        save_dir=save_dir,
        data=data,
        data_dir=data_dir,
        device=device,
    )
    return tune_missing(planned, _quiet, executor=executor, workers=workers)


def _quiet(event: Event) -> None:
    """Tells nobody."""
