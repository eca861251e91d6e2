"""A study's folder: the resolved study, its losses' cards, and which trials are its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.errors import RequestError, SaveDirError, StoreError
from lossbench.files import write_atomically
from lossbench.spec import Condition, Study, load_study, slugs
from lossbench.store.files import read_json
from lossbench.store.store import Store

__all__ = ["StudyFolder", "locate_study", "places"]

_MAY_GROW = ("losses", "seeds", "models", "scenarios")
_SEEDS_ALONE = ("seeds",)  # a loss that joins after a look would join because of what was seen
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
        folder = store.study_folder(self.study.name)
        if not (folder / "study.yaml").exists():
            return
        before = StudyFolder.read(store, self.study.name)
        difference = _difference(before, self)
        if difference:
            hint = "give this one another with --name"
            adds = "losses, seeds, models or scenarios"
            allowed = f"the study {self.study.name} of this save dir, or one that only adds {adds} to it"
            raise SaveDirError("name", allowed, f"one that differs in {difference}", hint)

    def write(self, store: Store) -> None:
        """Writes the study's folder."""
        folder = store.study_folder(self.path)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [{"loss_function": label, "seed": seed, "key": key} for (label, seed), key in self.trials.items()]
        write_atomically(folder / "cards.json", _json(list(self.cards)))
        write_atomically(folder / "data.json", _json(self.data))
        write_atomically(folder / "trials.json", _json(rows))
        write_atomically(folder / "study.yaml", self.study.to_yaml())

    @classmethod
    def read(cls, store: Store, place: str) -> StudyFolder:
        """The study's folder as it was written.

        Args:
            store: the save dir.
            place: the study's name, or where the folder of one of its conditions is.

        Raises:
            StoreError: a file is missing or damaged.
        """
        folder = store.study_folder(place)
        try:
            study = load_study(folder / "study.yaml")
            trials = {(row["loss_function"], row["seed"]): row["key"] for row in read_json(folder / "trials.json")}
        except (RequestError, KeyError, TypeError) as error:
            raise StoreError(f"{folder} is no study's folder: {error}") from error
        return cls(study, read_json(folder / "cards.json"), read_json(folder / "data.json"), trials, place)


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
    path = Path(folder)
    if (path / "study.yaml").is_file():
        whole = path.resolve()
        if whole.parent.name == "studies":
            return Store(whole.parent.parent), whole.name
        if whole.parent.name == _BELOW and whole.parents[2].name == "studies":
            return Store(whole.parents[3]), f"{whole.parents[1].name}/{_BELOW}/{whole.name}"
    names = Store(path).study_names()
    if len(names) == 1:
        return Store(path), names[0]
    allowed = "a study's folder (SAVE_DIR/studies/NAME), or a save dir with one study"
    hint = f"it has {', '.join(names)}" if names else "`lossbench run` makes one"
    raise SaveDirError("FOLDER", allowed, str(folder), hint)


def _difference(before: StudyFolder, after: StudyFolder) -> str:
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
    before_plan, after_plan = before.study.plan, after.study.plan
    if before_plan.hypotheses != after_plan.hypotheses:
        return "plan.hypotheses (they are written before the run, and stand)"
    if before_plan.max_seeds != after_plan.max_seeds:
        return "plan.max_seeds (when a study is looked at is settled before its first trial)"
    for name in _MAY_GROW if after_plan.max_seeds is None else _SEEDS_ALONE:
        if not {str(item) for item in old.pop(name)} <= {str(item) for item in new.pop(name)}:
            return f"{name} (it leaves some out)"
    changed = next((name for name in new if old.get(name) != new[name]), "")
    return f"{changed} (after a look no loss may join)" if changed == "losses" else changed


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
