"""Putting save dirs together: imports neither torch nor anything of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.api.conditions import analysed, collected, write_study
from lossbench.errors import RequestError, SaveDirError
from lossbench.store import Copied, Form, Store, merge_pictures, merge_trials, read_forms, whole_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossbench.analysis import Within

__all__ = ["Merged", "MergedStudy", "merge"]

_INTO, _FROM = "INTO", "FROM"
_SAVE_DIR = "a save dir, as log"


@dataclass(frozen=True, eq=False)
class MergedStudy:
    """A study after its save dirs were put together.

    Args:
        name: the study's.
        trials: how many it has.
        ended: how many of them have finished or diverged.
        for_good: how many failed in a way that a run would only repeat, and are left out unless it retries them.
        report: its report.
        within: what it tells within each of its conditions.
    """

    name: str
    trials: int
    ended: int
    for_good: int
    report: Path
    within: tuple[Within, ...] = field(repr=False)


@dataclass(frozen=True)
class Merged:
    """What came of putting save dirs together.

    Args:
        into: the save dir that has it all.
        copied: what became of the trials, by their keys.
        words: the trials by loss, seed and condition, by their keys; of those that a study has.
        pictures: digests of the decoded pictures that were copied.
        damaged: what of the sources was not copied, with what is wrong with it.
        lost: whether something of that is in no source whole.
        studies: those of the sources, each with its report, which was written anew.
    """

    into: Path
    copied: Copied
    words: Mapping[str, str] = field(repr=False)
    pictures: tuple[str, ...]
    damaged: tuple[tuple[str, str], ...]
    lost: bool
    studies: tuple[MergedStudy, ...]


def merge(into: str | Path, *sources: str | Path, pictures: bool = True) -> Merged:
    """Copies into a save dir what it lacks of others, and writes the reports of their studies anew.

    Trials, what own metrics gave for them, what their scenarios drew, checkpoints of those that have not ended,
    decoded pictures, and the studies that name them. What is there stays. The sources are only read. After a kill the
    same call goes on.

    Args:
        into: the save dir that shall have it all; it is made where there is none.
        sources: save dirs, as of the parts of a study that `lossbench.run(shard=...)` trained.
        pictures: whether the reports show sample pictures of the data.

    Returns:
        what came of it. Trials whose results differ between two save dirs are in `copied.differing`: machines of other
        kinds give other last digits, and what was there first stays.

    Raises:
        RequestError: a folder is no save dir, or two of their studies do not go together; nothing was written.
    """
    target, stores = _checked(Path(into), [Path(source) for source in sources])
    with _named():
        target.check_writable()
        names, faults = _plan(target, stores)
        with target.changing():  # another run may have made a study larger meanwhile
            target.note_format()
            chosen = _write_studies(target, stores, names)
        copied_pictures, lost_pictures = merge_pictures(target, stores)
        copied = merge_trials(target, stores)
        studies = tuple(_report(target, name, pictures=pictures) for name in chosen)
    lost_studies = {place: why for place, why in faults.items() if Path(place).name not in chosen}
    damaged = (*faults.items(), *lost_pictures.items(), *copied.damaged)
    lost = bool(copied.lost or lost_pictures or lost_studies)
    words = {key: told for form in chosen.values() for key, told in form.words.items()}
    return Merged(target.root, copied, words, copied_pictures, damaged, lost, studies)


def _checked(into: Path, sources: Sequence[Path]) -> tuple[Store, list[Store]]:
    """The save dirs, each once.

    Raises:
        RequestError: there is no source, one is no save dir, or one lies in another.
    """
    if not sources:
        raise RequestError(_FROM, "one save dir or more", "none")
    target, found = into.resolve(), dict[Path, Store]()
    for source in sources:
        whole, store = source.resolve(), Store(source)
        if whole == target:
            raise SaveDirError(_FROM, f"save dirs other than {_INTO}", str(source))
        if whole.is_relative_to(target) or target.is_relative_to(whole):
            raise SaveDirError(_FROM, f"save dirs outside of {_INTO}, which does not lie in them", str(source))
        with _named(_FROM):
            store.check()
        if not store.begun and not (source / "studies").is_dir():
            raise SaveDirError(_FROM, _SAVE_DIR, str(source))
        found.setdefault(whole, store)
    return Store(into), list(found.values())


def _plan(target: Store, sources: Sequence[Store]) -> tuple[dict[str, Form], dict[str, str]]:
    """The form that each study of the sources shall have, and what is wrong with documents of theirs.

    Raises:
        SaveDirError: two forms of one study do not go together.
    """
    named, faults = read_forms(sources)
    before, _ = read_forms([target])  # a damaged one is set aside
    return {name: whole_form([*before.get(name, ()), *forms]) for name, forms in named.items()}, faults


def _write_studies(target: Store, sources: Sequence[Store], planned: Mapping[str, Form]) -> dict[str, Form]:
    chosen = _plan(target, sources)[0]
    for name in planned:
        with target.writing_study(name):
            chosen[name].write(target)
    return chosen


def _report(target: Store, name: str, *, pictures: bool) -> MergedStudy:
    """Writes the tables and the report of a study anew, whether all of its trials are there or not."""
    folder, results = collected(target, name)
    within = analysed(results)
    statuses = {
        key: status for item in within for key, status in item.results.trials.select("key", "status").iter_rows()
    }
    ended = sum(status in ("finished", "diverged") for status in statuses.values())
    for_good = sum(target.failed_for_good(key) for key in statuses)
    page = write_study(target, folder, within, pictures=pictures)
    return MergedStudy(name, len(statuses), ended, for_good, page, within)


@contextmanager
def _named(field: str = _INTO) -> Iterator[None]:
    """Lets a complaint about a save dir name the argument that brought it."""
    try:
        yield
    except SaveDirError as error:
        if error.field not in ("--save-dir", "save dir"):
            raise
        raise error.renamed(field) from error.__cause__
