"""The forms that a study has in several save dirs, put together: which has all that the others have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, product

from lossbench.errors import SaveDirError, StoreError
from lossbench.spec import Condition
from lossbench.store.store import Store
from lossbench.store.study import StudyFolder, difference

__all__ = ["Form", "read_forms", "whole_form"]

_FIELD = "FROM"
_HINT = (
    "to keep both, run one of them again with another --name, which trains nothing, and delete its old studies/ folder"
)


@dataclass(frozen=True, eq=False)
class Form:
    """A study as one save dir has it.

    Args:
        where: the save dir.
        folder: the study's own.
        parts: those of its conditions; of a study with one, its own.
    """

    where: str
    folder: StudyFolder
    parts: Mapping[Condition, StudyFolder]

    @classmethod
    def read(cls, store: Store, name: str) -> Form:
        """The study of a name.

        Raises:
            StoreError: one of its documents is missing or damaged.
        """
        folder = StudyFolder.read(store, name)
        places = folder.places
        parts = {condition: StudyFolder.read(store, place) for condition, place in places.items()}
        return cls(str(store.root), folder, parts if len(parts) > 1 else dict.fromkeys(parts, folder))

    @cached_property
    def trials(self) -> dict[tuple[Condition, str, int], str]:
        """The trials' keys by condition, label and seed."""
        return {
            (condition, label, seed): key
            for condition, part in self.parts.items()
            for (label, seed), key in part.trials.items()
        }

    @property
    def words(self) -> dict[str, str]:
        """Every trial in words, by its key."""
        among, found = tuple(self.parts), dict[str, str]()
        for (condition, label, seed), key in self.trials.items():
            told = condition.told(among)
            found.setdefault(key, f"{label} seed {seed}, {told}" if told else f"{label} seed {seed}")
        return found

    def write(self, store: Store) -> None:
        """Writes its folders into a save dir."""
        for folder in {id(folder): folder for folder in (*self.parts.values(), self.folder)}.values():
            folder.write(store)

    def lacks(self, other: Form) -> str:
        """What another form has and this one has not, or has otherwise; empty where it has all of it."""
        if other is self:
            return ""
        found = difference(other.folder, self.folder)
        if found:
            return found
        here = self.trials
        for (condition, label, seed), key in other.trials.items():
            if here.get((condition, label, seed)) != key:
                return f"trials ({label} seed {seed} is another one, as of another version of lossbench or of a source)"
        return ""

    def with_seeds(self, forms: Sequence[Form]) -> Form | None:
        """This form with the seeds of all; None where the trials of some are unknown."""
        if self.folder.study.plan.max_seeds is not None:  # whose seeds are added look by look
            return None
        seeds = tuple(sorted({seed for form in forms for seed in form.folder.study.seeds}))
        known: dict[tuple[Condition, str, int], str] = {}
        for form in forms:
            known |= form.trials
        parts = {}
        for condition, part in self.parts.items():
            pairs = [(str(arm), seed) for seed, arm in product(seeds, part.study.losses)]
            if not all((condition, *pair) in known for pair in pairs):
                return None
            trials = {pair: known[condition, *pair] for pair in pairs}
            parts[condition] = replace(part, study=part.study.model_copy(update={"seeds": seeds}), trials=trials)
        if len(parts) == 1:
            return Form(self.where, next(iter(parts.values())), parts)
        study = self.folder.study.model_copy(update={"seeds": seeds})
        return Form(self.where, replace(self.folder, study=study), parts)


def read_forms(stores: Sequence[Store]) -> tuple[dict[str, list[Form]], dict[str, str]]:
    """Every study of several save dirs in its forms, by its name; and what is wrong with documents, by their place."""
    found: dict[str, list[Form]] = {}
    faults = {}
    for store in stores:
        for name in store.study_names():
            try:
                found.setdefault(name, []).append(Form.read(store, name))
            except StoreError as error:
                faults[str(store.study_folder(name))] = str(error)
    return {name: forms for name, forms in sorted(found.items()) if forms}, faults


def whole_form(forms: Sequence[Form]) -> Form:
    """The form of a study that has all that the others have: one of them, or one of them with the seeds of all.

    Raises:
        SaveDirError: there is none.
    """
    by_seeds = sorted(forms, key=lambda form: min(form.folder.study.seeds))
    for form in chain(forms, (one.with_seeds(forms) for one in by_seeds)):
        if form is not None and not any(form.lacks(other) for other in forms):
            return form
    first = forms[0]
    other = next((form for form in forms if form.lacks(first) and first.lacks(form)), forms[-1])
    allowed = (
        f"the study {first.folder.study.name} to be the same in {first.where} and in {other.where}, or larger in one"
    )
    why = (other.with_seeds([first, other]) or other).lacks(first)
    raise SaveDirError(_FIELD, allowed, f"a difference in {why}", _HINT)
