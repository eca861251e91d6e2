"""Running studies: check everything, train what is missing, report."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import zip_longest
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from lossbench.analysis import Within
from lossbench.api import executors
from lossbench.api.conditions import Tables, analysed, collected, gathered, still_open, write_study
from lossbench.api.conditions_results import Conditions
from lossbench.api.data_of import source_of, with_data
from lossbench.api.measuring import measure_missing, metric_digests
from lossbench.api.study_results import Results as StudyResults
from lossbench.api.trackers import concluded, own_of, telling, trials_of
from lossbench.api.until import passed, stages
from lossbench.data import Data, Pictures, Source
from lossbench.data import prepare as draw
from lossbench.errors import HeldError, RequestError, SaveDirError
from lossbench.files import write_atomically, writing
from lossbench.folders import check_cache
from lossbench.imports import import_path
from lossbench.losses import loss_digest
from lossbench.models import model_digest
from lossbench.published import published
from lossbench.resolve import Resolved, card_values, resolve, settle, settle_device
from lossbench.results import Results
from lossbench.run import CHECKPOINT_SECONDS, Executor, Inline, Job, Notify, Profile
from lossbench.spec import FIXED, Condition, Shard, Study, Trial
from lossbench.store import Store, StudyFolder, places
from lossbench.tracking import Tracker

__all__ = [
    "Look",
    "Part",
    "Prepared",
    "looks",
    "prepare",
    "run",
    "stages",
    "train_missing",
    "write",
    "write_profile",
]


@dataclass(frozen=True, eq=False)
class Part:
    """One condition of a study that is known to be possible.

    Args:
        condition: which.
        resolved: its study, pictures and trials.
        folder: what the store will keep of it.
    """

    condition: Condition
    resolved: Resolved
    folder: StudyFolder


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study that is known to be possible; nothing of it is written yet.

    Args:
        study: with everything settled.
        source: where the data lay.
        store: the save dir.
        device: the settled device.
        folder: what the store will keep of the study.
        parts: one per condition; of a study with one, its folder is the study's.
        retry_failed: whether trials are tried again that would fail in the same way.
        shard: the part of the trials that is this run's; None for all of them.
    """

    study: Study
    source: Source
    store: Store
    device: str
    folder: StudyFolder
    parts: tuple[Part, ...]
    retry_failed: bool = False
    shard: Shard | None = None

    @property
    def told(self) -> str:
        """The study's name, with the part of it that is this run's."""
        return self.study.name if self.shard is None else f"{self.study.name}, part {self.shard}"

    @property
    def pictures(self) -> Pictures:
        """What is trained on, with the labels of files that scenarios have beside their own."""
        return self.parts[-1].resolved.pictures

    @property
    def data_path(self) -> str:
        """Where the data lay, and what was done to their size, as provenance has it."""
        pictures = self.pictures
        return self.source.location + (f", resized to {'×'.join(map(str, pictures.size))}" if pictures.resized else "")

    @property
    def untestable(self) -> dict[str, str]:
        """Hypotheses that no condition will tell of, each with the reason."""
        fixed = [part.resolved for part in self.parts if part.condition.recipe == FIXED]
        told = {text for one in fixed for text in one.study.plan.hypotheses if text not in one.untestable}
        return {text: why for one in fixed for text, why in one.untestable.items() if text not in told}

    @cached_property
    def trials(self) -> dict[str, tuple[str, Trial]]:
        """This run's trials by their keys, each with its loss, seed and condition in words."""
        whole = self.whole
        if self.shard is None:
            return whole
        own = self.shard.keys(trial for _, trial in whole.values())
        return {key: told for key, told in whole.items() if key in own}

    @cached_property
    def whole(self) -> dict[str, tuple[str, Trial]]:
        """Every trial of the study, in the same form."""
        conditions = self.study.conditions
        found: dict[str, tuple[str, Trial]] = {}
        for part in self.parts:
            told = part.condition.told(conditions)
            for (label, seed), trial in part.resolved.trials.items():
                words = f"{label} seed {seed}, {told}" if told else f"{label} seed {seed}"
                found.setdefault(trial.key, (words, trial))
        return found

    @cached_property
    def damaged(self) -> dict[str, str]:
        """Trials that had ended and whose files are damaged, each with the files' names."""
        ended = [key for key in self.trials if self.store.finished(key)]
        return {key: ", ".join(faults) for key in ended if (faults := self.store.verify(key)[1])}

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Trials that failed before and would again, each with the reason; none where they are to be tried again."""
        keys = () if self.retry_failed else self.trials
        return {key: self.store.reason(key) for key in keys if self.store.failed_for_good(key)}

    @property
    def missing(self) -> dict[str, tuple[str, Trial]]:
        """The trials that are to be trained: those that the store does not have whole, but for those left out."""
        lacking = {
            key: told for key, told in self.trials.items() if not self.store.finished(key) or key in self.damaged
        }
        return {key: told for key, told in lacking.items() if key not in self.left_out}

    @property
    def ended(self) -> int:
        """How many trials the store has whole."""
        return len(self.trials) - len(self.missing) - len(self.left_out)


def prepare(
    study: Study,
    save_dir: str | Path = "log",
    *,
    data: Data | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    elsewhere: bool = False,
    retry_failed: bool = False,
    shard: Shard | None = None,
) -> Prepared:
    """Checks everything that a study asks for, without writing anything.

    Args:
        study: what is asked for.
        save_dir: where results are kept.
        data: pictures or vectors given from Python, in the place of what the study says.
        data_dir: where named data sets are looked for first.
        device: `auto`, `cpu`, `cuda` or `mps`.
        elsewhere: whether that is a device of other machines, which this one need not have.
        retry_failed: whether trials whose loss or model raised are tried again, too.
        shard: the part of its trials that is wanted; None for all of them.

    Raises:
        RequestError: something in it cannot be done; one sentence says what.
    """
    if shard is not None and study.plan.max_seeds is not None:
        hint = "give it the seeds that it shall have: whether it needs more is seen from all of its parts"
        raise RequestError("shard", "a study whose seeds are settled", "one that adds seeds until it is decided", hint)
    settled = device if elsewhere else settle_device(device)
    study = settle(with_data(study, data), settled)
    if study.published is not None:
        published(study.published)  # says so where there is none of that name
    store = Store(save_dir)
    store.check_writable()
    check_cache()
    source = source_of(study, data, data_dir)
    pictures = store.find_pictures(source.fingerprint) or source.decode()
    if Path(study.data).expanduser().exists() and Path(source.location).exists():
        study = study.model_copy(update={"data": source.location})  # so that its study.yaml repeats it from anywhere
    parts = []
    for condition, place in places(study).items():
        resolved = resolve(study.within(condition), pictures, settled)
        pictures = resolved.pictures  # with the labels of a file that this condition has
        parts.append(Part(condition, resolved, _folder(resolved, place)))
    own = parts[0].folder
    if len(parts) > 1:
        labels = {name: digest for part in parts for name, digest in part.folder.data["label_noise"].items()}
        own = replace(own, study=study, trials={}, place=study.name, data={**own.data, "label_noise": labels})
    own.check_name(store)
    return Prepared(study, source, store, settled, own, tuple(parts), retry_failed, shard)


def train_missing(
    prepared: Prepared,
    executor: Executor,
    notify: Notify,
    *,
    keep_weights: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Mapping[Condition, Results]:
    """Trains what the store lacks; gives the results, which are read when they are asked for.

    Args:
        prepared: the checked study.
        executor: who trains.
        notify: is told what happens.
        keep_weights: whether the last weights are kept.
        checkpoint_seconds: how much training may be lost to a crash.

    Returns:
        the results by condition; of a part of the trials none, for an answer from them would be taken for the study's.

    Raises:
        SaveDirError: the store cannot be written; what was finished is kept.
        RequestError: the executor cannot train; nothing was written.
    """
    store, study = prepared.store, prepared.study
    if prepared.missing:
        _ = executor.workers  # a cluster that is not there is refused before anything is written
    with store.changing():  # what this study needs is named before pruning can look again
        store.put_pictures(prepared.pictures, prepared.source.fingerprint)
        with writing("--save-dir", store.root), store.writing_study(study.name):
            prepared.folder.check_name(store)  # once more: another run may have made it larger meanwhile
            for folder in (*(part.folder for part in prepared.parts), prepared.folder):
                folder.write(store)
    _draw_again(prepared)
    arms = (*study.losses, *(study.tuned or {}).values())
    own_code = any(":" in model for model in study.models) or any(arm.loss.own for arm in arms)
    looked_in = import_path() if own_code else ()
    missing = prepared.missing
    jobs = [
        Job(
            trial,
            label=words,
            save_dir=str(store.root),
            device=prepared.device,
            keep_weights=keep_weights,
            data_path=prepared.data_path,
            import_path=looked_in,
            checkpoint_seconds=checkpoint_seconds,
        )
        for words, trial in missing.values()
    ]
    for key, (_, trial) in prepared.trials.items():
        if key not in missing and store.untidy(key):
            with suppress(HeldError), store.claim(trial):
                store.tidy(key)
    for key in missing:
        if store.failed_for_good(key):  # it is to be tried again
            store.forgive(key)
    here = [job for job in jobs if job.trial.given]  # a Python object without an import path
    elsewhere = [job for job in jobs if not job.trial.given]
    for chosen, some in ((executor, elsewhere), (Inline(), here)):
        if some:
            chosen(some, notify)
    measure_missing(store, (part.folder for part in prepared.parts), of=prepared.trials)
    if prepared.shard is not None:
        return {}
    return Tables(store, {part.condition: part.folder.path for part in prepared.parts})


@dataclass(frozen=True, eq=False)
class Look:
    """A study that was trained, and what its results leave open.

    Args:
        prepared: the study, with the seeds of this look.
        within: what is concluded within each condition.
        still_open: the questions that more seeds may still decide.
        after: the next look; None after the last.
    """

    prepared: Prepared
    within: tuple[Within, ...]
    still_open: tuple[str, ...]
    after: Study | None


class Take(Protocol):
    """Prepares and trains the study of one look."""

    def __call__(self, stage: Study, *, first: bool) -> tuple[Prepared, Mapping[Condition, Results]]:
        """The checked study and its results.

        Args:
            stage: the study, with the seeds of this look.
            first: whether it is the first; what failed at one look is not tried again at the next.
        """
        ...


def looks(stages: Sequence[Study], save_dir: str | Path, take: Take, *, pictures: bool = True) -> Iterator[Look]:
    """Takes look after look, of which a study with fixed seeds has one, until nothing is open or they are used up.

    A look that another run of the study has gone past meanwhile is passed over. Without `pictures` its results do not
    keep what every test picture gave.
    """
    for stage, after in zip_longest(stages, stages[1:]):
        try:
            prepared, results = take(stage, first=stage is stages[0])
        except SaveDirError:
            if passed(stage, save_dir):
                continue
            raise
        within = analysed(results, pictures=pictures)
        look = Look(prepared, within, still_open(within), after)
        yield look
        if not look.still_open:
            return


def run(
    study: Study,
    save_dir: str | Path = "log",
    *,
    data: Data | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    executor: str | Executor = "processes",
    workers: int | None = None,
    stack: int | Literal["auto"] | None = None,
    keep_weights: bool = False,
    pictures: bool = True,
    retry_failed: bool = False,
    shard: str | tuple[int, int] | None = None,
    trackers: Iterable[str | Tracker] = (),
) -> StudyResults | Conditions:
    """Trains what is missing of a study, writes its report, and gives its results.

    A study with `plan.max_seeds` is given more seeds, look by look, until nothing is open or these are used up.

    Args:
        study: what is compared on what.
        save_dir: where results are kept and found again.
        data: pictures or vectors given from Python, in the place of what the study says.
        data_dir: where named data sets are looked for first.
        device: `auto`, `cpu`, `cuda` or `mps`.
        executor: `processes`; `stack`, for trials side by side in one model on a GPU; `inline`, for this process;
            `ray`; or an object, as `lossbench.Ray(address="auto")`, which is closed.
        workers: processes at most; None for one per GPU, or else per core. Of `processes` and `stack` alone.
        stack: of the executors `stack` and `ray`, how many trials side by side in one model at most, or `auto` for as
            many as pay; None for that, too, and of `ray` for no stacks.
        keep_weights: whether the last weights are kept.
        pictures: whether the report shows sample pictures of the data.
        retry_failed: whether trials whose loss or model raised in an earlier run are tried again.
        shard: the part of the trials that is trained, `"3/16"` or `(3, 16)`: the third of sixteen, each of which has
            its share of every model, scenario and loss; None for all of them. No report is written then;
            `lossbench.merge` puts the save dirs of all parts together.
        trackers: what is told of each trial as it is trained: texts as `--track` has them (`mlflow:sqlite:///runs.db`),
            or objects of your own with the methods of `lossbench.tracking.Tracker`. One that raises changes nothing
            else; a warning says so.

    Returns:
        the results; of a study with several models, scenarios or recipes those of each of its conditions. Of a part
        what the save dir has, in which the trials of other parts are missing.

    Raises:
        RequestError: something in the study cannot be done; nothing was written.
    """
    part = None if shard is None else Shard.parse(shard)
    chosen = executors.make_executor(executor, workers, device=device, stack=stack)
    settled, elsewhere = executors.device_for(chosen, device)
    checked = partial(
        prepare, save_dir=save_dir, data=data, data_dir=data_dir, device=settled, elsewhere=elsewhere, shard=part
    )
    study = with_data(study, data)
    with executors.closing(chosen), telling(trackers, "trackers", _warn) as feed:

        def take(stage: Study, *, first: bool) -> tuple[Prepared, Mapping[Condition, Results]]:
            prepared = checked(stage, retry_failed=retry_failed and first)
            feed.follow(prepared.store, trials_of(prepared), own_of(prepared))
            return prepared, train_missing(prepared, chosen, feed, keep_weights=keep_weights)

        for look in looks(stages(study, save_dir), save_dir, take):
            last = look
        if part is not None:
            kept, results = collected(last.prepared.store, last.prepared.folder.path)
            return gathered(kept.study, analysed(results))
        page = write(last.prepared, last.within, pictures=pictures)
        feed.conclude(lambda: concluded(last.prepared.study, last.within, page))
    return gathered(last.prepared.study, last.within)


def write(prepared: Prepared, within: Sequence[Within], *, pictures: bool = True) -> Path:
    """Writes the study's tables, figures and report; gives the path of report.html."""
    return write_study(prepared.store, prepared.folder, within, pictures=pictures)


def write_profile(prepared: Prepared, profile: Profile) -> Path:
    """Writes where the time went into the study's folder; gives the path of profile.csv."""
    path = prepared.store.study_folder(prepared.study.name) / "profile.csv"
    with writing("--save-dir", prepared.store.root):
        write_atomically(path, profile.to_csv())
    return path


def _folder(resolved: Resolved, place: str) -> StudyFolder:
    pictures, study = resolved.pictures, resolved.study
    label_noise = next(iter(resolved.trials.values())).digests.get("label_noise")
    parts = resolved.splits
    train = parts["train"]
    data = {
        "name": pictures.name,
        "digest": pictures.digest,
        "label_noise": {} if label_noise is None else {str(study.scenario): label_noise},
        "model_digest": model_digest(study.model, study.given_models.get(study.model)),
        "loss_digests": {str(arm): loss_digest(arm.loss) for arm in study.losses if arm.loss.own},
        **({"metric_digests": metric_digests(study.plan)} if study.plan.metrics else {}),
        "class_names": list(pictures.class_names),
        "train": len(train),
        "test": len(parts["test"]),
        "validation": len(parts.get("validation", ())),
        "class_counts": np.bincount(train.clean, minlength=pictures.num_classes).tolist(),
        "mislabelled": int((train.labels != train.clean).sum()),
        "size": [*pictures.size, pictures.channels],
        **({"resized": True} if pictures.resized else {}),
    }
    counts = np.bincount(train.labels, minlength=pictures.num_classes).tolist()
    cards = [card_values(arm, counts) for arm in study.losses]
    return StudyFolder(study, cards, data, {pair: trial.key for pair, trial in resolved.trials.items()}, place)


def _draw_again(prepared: Prepared) -> None:
    """Writes anew what scenarios drew for trials that are kept, where it is damaged or went with the pictures."""
    store, missing = prepared.store, prepared.missing
    for key, (_, trial) in prepared.trials.items():
        if key not in missing and store.finished(key) and store.prepared_faults(key):
            parts = draw(prepared.pictures, trial.scenario, trial.seed, trial.digests.get("label_noise"))
            store.put_prepared(trial, parts)


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=4)
