"""A study's folder: the resolved study, its losses' cards, and which trials are its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.errors import RequestError, SaveDirError, StoreError, shown
from lossbench.files import holds, read_regular, write_atomically
from lossbench.spec import Condition, Study, load_study, own_metrics, parse_hypothesis, slugs
from lossbench.store.aside import set_aside
from lossbench.store.files import damaged, read_json
from lossbench.store.format import newer
from lossbench.store.sealed import NewerError, sealed, unsealed
from lossbench.store.store import Store

__all__ = ["StudyFolder", "difference", "locate_study", "places"]

_MAY_GROW = ("losses", "seeds", "models", "scenarios")
_SEEDS_ALONE = ("seeds",)  # a loss that joins after a look would join because of what was seen
_DOCUMENT = "study.json"
_COPY = "study.yaml"
_FORMAT_1 = ("cards.json", "data.json", "trials.json")  # which had no study.json
_PLAIN = re.compile("[0-9A-Za-z]{1,64}")  # what may become a path
_FOLDER = "a study's folder (SAVE_DIR/studies/NAME), or a save dir with one study"
_BELOW = "conditions"  # the folder of a study's conditions, where it has several


@dataclass(frozen=True)
class StudyFolder:
    """What a store keeps of a study beside its trials.

    A study of several conditions has a folder for each of them below its own, `conditions/<slug>`, which is a study's
    folder too; its own then names no trials.

    Args:
        study: resolved, as in study.yaml.
        cards: per loss of the study, in its order, its card and drawn definition as plain values.
        data: digest, class names and numbers of pictures.
        trials: the trials' keys by (label, seed).
        place: the folder's path below that of all studies; the study's name when it is empty.
    """

    study: Study
    cards: Sequence[Mapping[str, Any]]
    data: Mapping[str, Any]
    trials: Mapping[tuple[str, int], str]
    place: str = ""

    @property
    def path(self) -> str:
        """Where the folder is, below that of all studies: what `read` finds it by."""
        return self.place or self.study.name

    @property
    def places(self) -> dict[Condition, str]:
        """Where the folder of each condition is, below that of all studies; of a study with one, its own."""
        return places(self.study, self.path)

    def check_name(self, store: Store) -> None:
        """Checks that the study's name is free, or taken by a smaller form of the same study.

        Raises:
            SaveDirError: another study has the name.
        """
        try:
            before = StudyFolder.read(store, self.study.name)
        except StoreError:  # there is none, or a damaged one, which `write` sets aside
            return
        found = difference(before, self)
        if found:
            hint = "give this one another with --name"
            adds = "losses, seeds, models or scenarios"
            allowed = f"the study {self.study.name} of this save dir, or one that only adds {adds} to it"
            raise SaveDirError("name", allowed, f"one that differs in {found}", hint)

    def write(self, store: Store) -> None:
        """Writes the study's folder, by one rename; the study.yaml beside it is for people to read and to run again.

        What is there and damaged is set aside, what an earlier format wrote is replaced.
        """
        folder = store.study_folder(self.path)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [{"loss_function": label, "seed": seed, "key": key} for (label, seed), key in self.trials.items()]
        yaml = self.study.to_yaml()
        parts = {"study": self.study.canonical(), "cards": list(self.cards), "data": dict(self.data), "trials": rows}
        text = sealed(parts)
        for path, content in ((folder / _DOCUMENT, text), (folder / _COPY, yaml)):
            if not holds(path, content):
                self._keep_if_damaged(store, path)
                write_atomically(path, content)
        for name in _FORMAT_1:
            (folder / name).unlink(missing_ok=True)

    @classmethod
    def read(cls, store: Store, place: str) -> StudyFolder:
        """The study's folder as it was written.

        Args:
            store: the save dir.
            place: the study's name, or where the folder of one of its conditions is.

        Raises:
            SaveDirError: a later lossbench wrote the save dir.
            StoreError: a file is missing or damaged.
        """
        store.check()
        folder = store.study_folder(place)
        try:
            values = _document(folder)
            study = Study(**values["study"])
            trials = {(row["loss_function"], row["seed"]): _key(row["key"]) for row in values["trials"]}
            cards, data = values["cards"], values["data"]
            _check(study, cards, data, trials)
        except NewerError as error:
            raise newer(folder / _DOCUMENT, error) from None
        except (RequestError, KeyError, TypeError, ValueError, AttributeError, OSError) as error:
            why = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else error
            raise damaged(folder / _DOCUMENT, why, "it is set aside and written anew") from error
        return cls(study, cards, data, trials, place)

    def copy_faults(self, store: Store) -> dict[str, str]:
        """What is wrong with the study.yaml beside the document, which nothing is read from."""
        path = store.study_folder(self.path) / _COPY
        if holds(path, self.study.to_yaml()):
            return {}
        return {_COPY: "it is not what was run"}

    def _keep_if_damaged(self, store: Store, path: Path) -> None:
        """Sets a damaged document aside."""
        if path.name != _DOCUMENT or not path.exists():
            return
        try:
            StudyFolder.read(store, self.path)
        except StoreError:
            set_aside(store.root, path)


def places(study: Study, path: str = "") -> dict[Condition, str]:
    """Where the folder of each condition of a study is, below that of all studies.

    Args:
        study: one with one condition has it in its own folder.
        path: where the study's own folder is; its name when it is empty.
    """
    own, names = path or study.name, slugs(study.conditions)
    if len(names) == 1:
        return dict.fromkeys(names, own)
    return {condition: f"{own}/{_BELOW}/{name}" for condition, name in names.items()}


def locate_study(folder: str | Path) -> tuple[Store, str]:
    """The store and the place of the study that a folder means.

    That is a study's folder, one of a condition of it, or a save dir with one study.

    Raises:
        SaveDirError: it is neither.
    """
    try:
        return _located(Path(folder))
    except OSError as error:  # a name that is too long, a folder above it that may not be read
        raise SaveDirError("FOLDER", _FOLDER, str(folder), error.strerror or "") from None


def _located(path: Path) -> tuple[Store, str]:
    if any((path / name).is_file() for name in (_DOCUMENT, _COPY)):
        whole = path.resolve()
        if whole.parent.name == "studies":
            return Store(whole.parent.parent), whole.name
        if whole.parent.name == _BELOW and whole.parents[2].name == "studies":
            return Store(whole.parents[3]), f"{whole.parents[1].name}/{_BELOW}/{whole.name}"
    names = Store(path).study_names()
    if len(names) == 1:
        return Store(path), names[0]
    hint = f"it has {', '.join(names)}" if names else "`lossbench run` makes one"
    raise SaveDirError("FOLDER", _FOLDER, str(path), hint)


def _document(folder: Path) -> dict[str, Any]:
    """What a study's document says; of format 1, what its files say together."""
    path = folder / _DOCUMENT
    if path.exists() or not (folder / _FORMAT_1[-1]).exists():
        return unsealed(read_regular(path))
    values = {name.removesuffix(".json"): read_json(folder / name) for name in _FORMAT_1}
    return {**values, "study": load_study(folder / _COPY).canonical()}


def _key(value: object) -> str:
    """A trial's key, which becomes a path: of a store that was made by hand it may be anything."""
    if not isinstance(value, str) or not _PLAIN.fullmatch(value):
        raise ValueError(f"a trial's key is {shown(value)}")
    return value


def _check(study: Study, cards: Any, data: Any, trials: Mapping[tuple[str, int], str]) -> None:
    """Raises an error of some kind where the parts of a document do not fit each other."""
    labels = [str(arm) for arm in study.losses]
    if [card["label"] for card in cards] != labels or any(label not in labels for label, _ in trials):
        raise ValueError("its losses, their cards and its trials do not belong together")
    numbers = [data[name] for name in ("train", "test", "validation")] + list(data.get("class_counts", ()))
    numbers += [data.get("mislabelled", 0), *data["size"]]
    texts = [data["name"], *data["class_names"]]
    if not _PLAIN.fullmatch(data["digest"]) or not all(isinstance(text, str) for text in texts):
        raise ValueError("its data have no digest or no names")
    if len(data["size"]) not in (1, 3) or not all(type(number) is int and 0 <= number < 2**53 for number in numbers):
        raise ValueError("its data have no sizes")
    if not isinstance(data.get("class_counts", []), list):
        raise ValueError("its data have no class counts")
    metrics = data.get("metric_digests", {})
    if not isinstance(metrics, dict) or not all(isinstance(digest, str) for digest in metrics.values()):
        raise ValueError("its own metrics have no digests")
    if not all(type(seed) is int and 0 <= seed < 2**63 for _, seed in trials):
        raise ValueError("its trials have no seeds")


def difference(before: StudyFolder, after: StudyFolder) -> str:
    """The first field in which a study is more than a larger form of an earlier one; empty when there is none."""
    old, new = before.study.canonical(), after.study.canonical()
    if before.data["digest"] != after.data["digest"]:
        return "data (the pictures are not the same)"
    if before.data.get("model_digest") != after.data.get("model_digest"):
        return "models (the source of the model is not the same)"
    now = after.data.get("label_noise", {})
    for scenario, digest in before.data.get("label_noise", {}).items():
        if now.get(scenario, digest) != digest:
            return f"scenarios (the labels of {scenario} are not the same)"
    digests = after.data.get("loss_digests", {})
    for label, digest in before.data.get("loss_digests", {}).items():
        if digests.get(label, digest) != digest:
            return f"losses (the source of {label} is not the same)"
    for name in ("data", "question", "published"):  # where data lie, how the question is put, what stands beside it
        old.pop(name, None)
        new.pop(name, None)
    for values in (old, new):
        values["recipe"].pop("model")  # the models themselves are compared
        values["plan"].pop("metrics", None)  # nothing is trained for one, and their values stay
    before_plan, after_plan = before.study.plan, after.study.plan
    if before_plan.hypotheses != after_plan.hypotheses:
        return "plan.hypotheses (they are written before the run, and stand)"
    if metric := _changed_metric(before, after):
        return f"plan.metrics ({metric}, which the study decides by, stands as it was before the run)"
    if before_plan.max_seeds != after_plan.max_seeds:
        return "plan.max_seeds (when a study is looked at is settled before its first trial)"
    for name in _MAY_GROW if after_plan.max_seeds is None else _SEEDS_ALONE:
        if not {str(item) for item in old.pop(name)} <= {str(item) for item in new.pop(name)}:
            return f"{name} (it leaves some out)"
    changed = next((name for name in new if old.get(name) != new[name]), "")
    return f"{changed} (after a look no loss may join)" if changed == "losses" else changed


def _changed_metric(before: StudyFolder, after: StudyFolder) -> str:
    """The first of the user's own metrics whose direction or source changed after something was to be decided by it.

    Others may join, leave and change: nothing is trained for one. Empty where there is none.
    """
    plan = before.study.plan
    named = {plan.metric.partition(".")[2]}
    for text in plan.hypotheses:
        named |= {measure.metric for measure in parse_hypothesis(text, own=None).measures}
    old, new = own_metrics(plan.canonical()), own_metrics(after.study.plan.canonical())
    digests, now = before.data.get("metric_digests", {}), after.data.get("metric_digests", {})
    for name in sorted(named & set(old)):
        path = old[name].path
        if new.get(name) != old[name] or now.get(path) != digests.get(path):
            return name
    return ""
