"""A study's conditions, read and analysed one by one: imports neither torch nor anything of the user's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lossbench.analysis import Within, analyse, open_questions
from lossbench.api.conditions_results import Conditions
from lossbench.api.study_results import Results
from lossbench.report import write_overview, write_report
from lossbench.results import Results as Table
from lossbench.results import collect
from lossbench.spec import Condition, Study
from lossbench.store import Store, StudyFolder

__all__ = ["Tables", "analysed", "collected", "gathered", "still_open", "write_study"]


class Tables(Mapping[Condition, Table]):
    """The results of each condition, read when they are asked for and not held on to: of many, one at a time fits.

    Args:
        store: the save dir.
        places: where the folder of each condition is.
    """

    def __init__(self, store: Store, places: Mapping[Condition, str]) -> None:
        self._store, self._places = store, places

    def __getitem__(self, condition: Condition) -> Table:
        return collect(self._store, self._places[condition])

    def __iter__(self) -> Iterator[Condition]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def collected(store: Store, place: str) -> tuple[StudyFolder, Mapping[Condition, Table]]:
    """What the store keeps of a study, and the results of each of its conditions.

    Args:
        store: the save dir.
        place: the study's name, or where the folder of one of its conditions is.

    Raises:
        StoreError: a file of the study is missing or damaged.
    """
    folder = StudyFolder.read(store, place)
    return folder, Tables(store, folder.places)


def analysed(results: Mapping[Condition, Table], *, pictures: bool = True) -> tuple[Within, ...]:
    """What is concluded within each condition.

    Args:
        results: of each.
        pictures: whether its results keep what every test picture gave, which nothing needs but the analysis and
            whoever asks for it: with 100,000 trials on 10,000 test pictures these are 18 GB.
    """
    return tuple(_within(condition, table, pictures) for condition, table in results.items())


def _within(condition: Condition, table: Table, pictures: bool) -> Within:
    return Within(condition, table if pictures else replace(table, correct={}, per_picture={}), analyse(table))


def still_open(within: Sequence[Within]) -> tuple[str, ...]:
    """The questions that more seeds may still decide, those of several conditions with the condition in front."""
    conditions = [item.condition for item in within]
    return tuple(
        f"{told}: {question}" if (told := item.condition.told(conditions)) else question
        for item in within
        for question in open_questions(item.analysis)
    )


def gathered(study: Study, within: Sequence[Within]) -> Results | Conditions:
    """The results as Python users have them."""
    if len(within) == 1:
        return Results.of(within[0].results)
    return Conditions.of(study, within)


def write_study(
    store: Store,
    folder: StudyFolder,
    within: Sequence[Within],
    *,
    forms: tuple[str, ...] = ("html",),
    pictures: bool = True,
) -> Path:
    """Writes the report of every condition, and of several the one above them; gives the path of its first form.

    Raises:
        RequestError: a form cannot be written here.
        SaveDirError: a folder cannot be written.
    """
    own = store.study_folder(folder.path)
    where = {condition: store.study_folder(place) for condition, place in folder.places.items()}
    names = {condition: path.relative_to(own).as_posix() for condition, path in where.items()}
    with store.writing_study(folder.path.partition("/")[0]):
        pages = [
            write_report(item.results, item.analysis, where[item.condition], forms=forms, pictures=pictures)
            for item in within
        ]
        if len(within) == 1:
            return pages[0]
        return write_overview(folder.study.canonical(), within, names, own, forms=forms)
