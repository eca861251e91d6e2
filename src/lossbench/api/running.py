"""Running studies: check everything, train what is missing, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import lossbench.data
from lossbench.analysis import Analysis, analyse, open_questions
from lossbench.api.study_results import Results as StudyResults
from lossbench.api.until import stages
from lossbench.data import Source, find
from lossbench.errors import RequestError
from lossbench.files import write_atomically, writing
from lossbench.imports import import_path
from lossbench.losses import loss_digest
from lossbench.models import model_digest
from lossbench.report import write_report
from lossbench.resolve import Resolved, card_values, resolve, settle_device, settle_names
from lossbench.results import Results, collect
from lossbench.run import Event, Executor, Inline, Job, Notify, Processes, Profile
from lossbench.spec import Study
from lossbench.store import Store, StudyFolder

__all__ = ["Prepared", "make_executor", "prepare", "run", "stages", "train_missing", "write", "write_profile"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study that is known to be possible; nothing of it is written yet.

    Args:
        resolved: the study, its pictures and its trials.
        source: where the data lay.
        store: the save dir.
        device: the settled device.
        folder: what the store will keep of the study.
    """

    resolved: Resolved
    source: Source
    store: Store
    device: str
    folder: StudyFolder

    @property
    def missing(self) -> list[tuple[str, int]]:
        """The (label, seed) pairs that the store does not have."""
        return [pair for pair, trial in self.resolved.trials.items() if not self.store.finished(trial.key)]


def prepare(
    study: Study, save_dir: str | Path = "log", *, data_dir: str | Path | None = None, device: str = "auto"
) -> Prepared:
    """Checks everything that a study asks for, without writing anything.

    Args:
        study: what is asked for.
        save_dir: where results are kept.
        data_dir: where named data sets are looked for first.
        device: `auto`, `cpu` or `cuda`.

    Raises:
        RequestError: something in it cannot be done; one sentence says what.
    """
    settled = settle_device(device)
    study = settle_names(study)
    store = Store(save_dir)
    store.check_writable()
    source = find(study.data, Path(data_dir) if data_dir is not None else None)
    pictures = store.find_pictures(source.fingerprint) or source.decode()
    if Path(study.data).expanduser().exists() and Path(source.location).exists():
        study = study.model_copy(update={"data": source.location})  # so that its study.yaml repeats it from anywhere
    resolved = resolve(study, pictures, settled)
    folder = _folder(resolved)
    folder.check_name(store)
    return Prepared(resolved, source, store, settled, folder)


def train_missing(prepared: Prepared, executor: Executor, notify: Notify, *, keep_weights: bool = False) -> Results:
    """Trains what the store lacks, and reads the results.

    Args:
        prepared: the checked study.
        executor: who trains.
        notify: is told what happens.
        keep_weights: whether the last weights are kept.
    """
    store = prepared.store
    with writing("--save-dir", store.root):
        store.put_pictures(prepared.resolved.pictures, prepared.source.fingerprint)
        prepared.folder.write(store)
    study = prepared.resolved.study
    looked_in = import_path() if ":" in study.model or any(loss.own for loss in study.losses) else ()
    jobs = [
        Job(
            prepared.resolved.trials[pair],
            label=pair[0],
            save_dir=str(store.root),
            device=prepared.device,
            keep_weights=keep_weights,
            data_path=prepared.source.location,
            import_path=looked_in,
        )
        for pair in prepared.missing
    ]
    here = [job for job in jobs if job.trial.loss.function]  # a Python object without an import path
    elsewhere = [job for job in jobs if not job.trial.loss.function]
    for chosen, some in ((executor, elsewhere), (Inline(), here)):
        if some:
            chosen(some, notify)
    return collect(store, study.name)


def run(
    study: Study,
    save_dir: str | Path = "log",
    *,
    data_dir: str | Path | None = None,
    device: str = "auto",
    executor: str = "processes",
    workers: int | None = None,
    keep_weights: bool = False,
    pictures: bool = True,
) -> StudyResults:
    """Trains what is missing of a study, writes its report, and gives its results.

    A study with `plan.max_seeds` is given more seeds, look by look, until nothing is open or these are used up.

    Args:
        study: what is compared on what.
        save_dir: where results are kept and found again.
        data_dir: where named data sets are looked for first.
        device: `auto`, `cpu` or `cuda`.
        executor: `processes` or `inline`.
        workers: processes at most; None for one per core.
        keep_weights: whether the last weights are kept.
        pictures: whether the report shows sample pictures of the data.

    Raises:
        RequestError: something in the study cannot be done; nothing was written.
    """
    chosen = make_executor(executor, workers)
    for stage in stages(study, save_dir):
        prepared = prepare(stage, save_dir, data_dir=data_dir, device=device)
        results = train_missing(prepared, chosen, _quiet, keep_weights=keep_weights)
        analysis = analyse(results)
        if not open_questions(analysis):
            break
    write(prepared, results, analysis, pictures=pictures)
    return StudyResults.of(results)


def write(prepared: Prepared, results: Results, analysis: Analysis, *, pictures: bool = True) -> Path:
    """Writes the study's tables, figures and report; gives the path of report.html."""
    folder = prepared.store.study_folder(prepared.resolved.study.name)
    return write_report(results, analysis, folder, pictures=pictures)


def write_profile(prepared: Prepared, profile: Profile) -> Path:
    """Writes where the time went into the study's folder; gives the path of profile.csv."""
    path = prepared.store.study_folder(prepared.resolved.study.name) / "profile.csv"
    with writing("--save-dir", prepared.store.root):
        write_atomically(path, profile.to_csv())
    return path


def make_executor(name: str, workers: int | None = None) -> Executor:
    """The executor of a name.

    Raises:
        RequestError: an unknown name, or fewer than one worker.
    """
    if name == "processes":
        return Processes(workers)
    if name == "inline":
        return Inline()
    raise RequestError("--executor", "processes or inline", name)


def _folder(resolved: Resolved) -> StudyFolder:
    pictures, study = resolved.pictures, resolved.study
    label_noise = next(iter(resolved.trials.values())).digests.get("label_noise")
    parts = lossbench.data.prepare(pictures, study.scenario, study.seeds[0], label_noise)
    train = parts["train"]
    data = {
        "name": pictures.name,
        "digest": pictures.digest,
        "label_noise": label_noise,
        "model_digest": model_digest(study.model),
        "loss_digests": {str(loss): loss_digest(loss) for loss in study.losses if loss.own},
        "class_names": list(pictures.class_names),
        "train": len(train),
        "test": len(parts["test"]),
        "validation": len(parts.get("validation", ())),
        "class_counts": np.bincount(train.clean, minlength=pictures.num_classes).tolist(),
        "mislabelled": int((train.labels != train.clean).sum()),
        "size": [*pictures.size, pictures.channels],
    }
    counts = np.bincount(train.labels, minlength=pictures.num_classes).tolist()
    cards = [card_values(loss, counts) for loss in study.losses]
    return StudyFolder(study, cards, data, {pair: trial.key for pair, trial in resolved.trials.items()})


def _quiet(event: Event) -> None:
    """Tells nobody."""
