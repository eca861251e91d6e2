"""Copying trials from other save dirs: what is lacking, held against its digests first, provenance last.

A trial's folder is named by a hash of all that decides its result, so that two of one name are the same trial. Sources
are only read: nothing is locked in them, so that they may be where nothing can be written. Files are copied and never
linked: what befalls one save dir shall not befall the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from lossbench.errors import HeldError, SaveDirError, StoreError
from lossbench.files import is_held, read_regular, sweep, write_atomically, write_together, writing
from lossbench.store.adopted import noted_prepared
from lossbench.store.kept import PROVENANCE, WEIGHTS, Kept
from lossbench.store.measured import METRICS, Measured, measured_of
from lossbench.store.owned import made_trials
from lossbench.store.progress import checkpoint_epochs
from lossbench.store.sealed import unsealed
from lossbench.store.store import FAILURE, LOCK, Store

__all__ = ["Copied", "merge_trials"]

_SIDE_BY_SIDE = 16  # threads: one waits for the disk most of the time
_FIELD = "INTO"


@dataclass(frozen=True)
class Copied:
    """What became of the trials of several save dirs.

    Args:
        trials: the keys of those that ended and were copied.
        replaced: of these the ones that were there and damaged; they were set aside.
        had: of those that ended and were there before.
        differing: of those whose results differ between two save dirs; the one that was there first stays.
        begun: of those that have not ended, whose checkpoint was copied.
        failed: of those whose note that they failed was copied.
        held: of those that somebody trains just now, which were left.
        damaged: files of the sources that were not copied, each with what is wrong with it.
        lost: the keys of trials that ended in a source, and could not be copied from any.
    """

    trials: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    had: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()


def merge_trials(into: Store, sources: Sequence[Store]) -> Copied:
    """Copies what a save dir lacks of the trials of others.

    Args:
        into: where to.
        sources: where from; of a trial that several have, the first that is whole is taken.

    Raises:
        SaveDirError: the save dir cannot be written; what was copied is whole, and the same call goes on.
    """
    where: dict[str, list[Store]] = {}
    for source in sources:
        for folder in made_trials(source.root):
            where.setdefault(folder.name, []).append(source)
    merging = _Merging(into)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        try:
            parts = list(pool.map(merging.merge, where.keys(), where.values()))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Copied(**{name: tuple(item for part in parts for item in getattr(part, name)) for name in _NAMES})


_NAMES = tuple(Copied.__dataclass_fields__)


class _Merging:
    """Takes one trial after the other, several at a time."""

    def __init__(self, into: Store) -> None:
        self.into = into
        self._drawn, self._alone = set[str](), Lock()

    def merge(self, key: str, sources: Sequence[Store]) -> Copied:
        """One trial, from the sources that have a folder of it."""
        try:
            ended = [source for source in sources if source.finished(key)]
            if not ended:
                return self._take_begun(key, sources)
            if self.into.finished(key) and not self.into.verify(key)[1]:
                return _both(Copied(had=(key,)), self._compare(key, ended))
            return self._take(key, ended, [source for source in sources if source not in ended])
        except HeldError:
            return Copied(held=(key,))
        except StoreError as error:  # a folder that may not be looked into
            return Copied(damaged=((f"trials/{key}", error.why),), lost=(key,))

    def _take(self, key: str, ended: Sequence[Store], others: Sequence[Store]) -> Copied:
        """Copies a trial that has ended from the first source that has it whole; from none, what others have begun."""
        faults = []
        for place, source in enumerate(ended):
            kept = source.kept(key)
            try:
                contents = kept.contents()
            except (StoreError, SaveDirError) as error:  # the latter where a later lossbench wrote it
                faults.append((str(source.trial_folder(key)), str(error)))
                continue
            faults += self._draw(source, kept)
            replaced = self._write(key, contents)
            if replaced is None:
                return _both(Copied(had=(key,), damaged=tuple(faults)), self._compare(key, ended[place:]))
            found = Copied(trials=(key,), replaced=(key,) if replaced else (), damaged=tuple(faults))
            self._take_metrics(key, source)
            return _both(found, self._compare(key, ended[place + 1 :]))
        return _both(Copied(damaged=tuple(faults), lost=(key,)), self._take_begun(key, others))

    def _compare(self, key: str, others: Sequence[Store]) -> Copied:
        """Whether sources have other results of a trial than there are; their own metrics are copied."""
        for source in others:
            self._take_metrics(key, source)
        return Copied(differing=(key,) if any(self._differs(key, source) for source in others) else ())

    def _write(self, key: str, contents: Mapping[str, bytes]) -> bool | None:
        """Writes a trial's files, provenance last; whether damaged ones were set aside for them.

        None where a run has finished the trial meanwhile, whose files stay.
        """
        into, folder = self.into, self.into.trial_folder(key)
        with into.hold(key):
            replaced = into.finished(key)
            if replaced and not into.verify(key)[1]:
                return None
            if replaced:
                into.set_aside(key)
            with writing(_FIELD, into.root):
                write_together(folder, {name: content for name, content in contents.items() if name != PROVENANCE})
                write_atomically(folder / PROVENANCE, contents[PROVENANCE])
            into.tidy(key)
        return replaced

    def _differs(self, key: str, source: Store) -> bool:
        """Whether a source has other results of a trial; of one whose provenance is damaged nobody knows."""
        with suppress(StoreError, SaveDirError):
            return _results(self.into.provenance(key)) != _results(source.provenance(key))
        return False

    def _take_metrics(self, key: str, source: Store) -> None:
        """Copies what own metrics gave for the same logits, where it is not known."""
        for found in _measured(source, key):
            kept = self.into.kept(key)
            if found.logits != kept.logits_digest:
                continue
            with suppress(StoreError):
                known = kept.metric(found.path, found.source)
                if known is not None and (found.reason or not known.reason):
                    continue
            self.into.put_metric(key, found)

    def _draw(self, source: Store, kept: Kept) -> list[tuple[str, str]]:
        """Copies what a trial's scenario drew, once for all trials; gives what is wrong with it."""
        try:
            noted = noted_prepared(kept)
        except StoreError as error:
            return [(str(kept.folder), error.why)]
        told = {file: self._draw_once(source, file, sha256) for file, sha256 in noted.items()}
        return [(str(source.root / file), why) for file, why in told.items() if why]

    def _draw_once(self, source: Store, file: str, sha256: str) -> str:
        """Copies one file of what was drawn, unless that was done; gives what is wrong with it, or nothing."""
        path = self.into.root / file
        with self._alone:
            if file in self._drawn:
                return ""
            with writing(_FIELD, self.into.root):
                sweep(path.parent, of=path.name, below=False)  # of a merge that was killed
            if path.exists():
                self._drawn.add(file)
                return ""
            try:
                content = read_regular(source.root / file)
            except OSError as error:
                return f"it cannot be read ({error.strerror})"
            if hashlib.sha256(content).hexdigest() != sha256:
                return "its SHA-256 is not the one that the trials were made with"
            with writing(_FIELD, self.into.root):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, content)
            self._drawn.add(file)
        return ""

    def _take_begun(self, key: str, sources: Sequence[Store]) -> Copied:
        """Copies the furthest checkpoint of a trial that has not ended, and the note that it failed."""
        if any(is_held(source.trial_folder(key) / LOCK) for source in sources):
            return Copied(held=(key,))
        furthest = self._furthest(key, sources)
        note = self._note(key, sources)
        if furthest is None and note is None:
            return Copied()
        folder = self.into.trial_folder(key)
        with self.into.hold(key), writing(_FIELD, self.into.root):
            if self.into.finished(key):
                return Copied(had=(key,))
            if furthest is not None:
                self.into.put_checkpoint(key, furthest)
            if note is not None:
                write_atomically(folder / FAILURE, note)
        return Copied(begun=(key,) if furthest is not None else (), failed=(key,) if note is not None else ())

    def _furthest(self, key: str, sources: Sequence[Store]) -> bytes | None:
        """The checkpoint that is further than what there is, if it is whole."""
        epochs = {source: checkpoint_epochs(source, key) for source in sources}
        here = checkpoint_epochs(self.into, key) if epochs else 0
        for source in sorted(sources, key=lambda source: -epochs[source]):
            if epochs[source] > here and source.load_checkpoint(key) is not None:  # which holds it against its digest
                return source.checkpoint(key)
        return None

    def _note(self, key: str, sources: Sequence[Store]) -> bytes | None:
        """What is noted of a trial that failed, where there is no such note yet."""
        if (self.into.trial_folder(key) / FAILURE).exists():
            return None
        for source in sources:
            with suppress(OSError, ValueError):
                text = read_regular(source.trial_folder(key) / FAILURE)
                unsealed(text)
                return text
        return None


def _both(one: Copied, other: Copied) -> Copied:
    return Copied(**{name: getattr(one, name) + getattr(other, name) for name in _NAMES})


def _results(provenance: Mapping[str, Any]) -> dict[str, str]:
    """The digests of what a trial gave: its weights may have been kept in one place and not in the other."""
    return {name: digest for name, digest in provenance["digests"].items() if name != WEIGHTS}


def _measured(source: Store, key: str) -> Iterator[Measured]:
    """What own metrics gave for a trial, as far as it is whole."""
    for path in sorted((source.trial_folder(key) / METRICS).glob("*.json")):
        with suppress(OSError, ValueError):
            yield measured_of(read_regular(path))
