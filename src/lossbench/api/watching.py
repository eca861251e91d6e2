"""Looking at a study while somebody trains it, without importing torch and without changing anything."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lossbench.errors import StoreError
from lossbench.store import Progress, StudyFolder, locate_study, progress

__all__ = ["LossSoFar", "View", "Watch"]

_ENDED = ("finished", "diverged")
_LOST = ("diverged", "failed")
_LOOKS = 5  # by which is judged how many trials run side by side: between two trials a worker has none


@dataclass(frozen=True)
class LossSoFar:
    """How far the trials of one loss are.

    Args:
        loss: its label; of a study with several conditions `l1 in mlp, clean`.
        curve: the mean of the study's metric over the trials that have come so far, by evaluated epoch; without those
            that diverged or failed.
        epochs: that are done in all its trials together.
        counts: how many of its trials have which status.
    """

    loss: str
    curve: tuple[float, ...]
    epochs: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class View:
    """A study at one moment.

    Args:
        name: the study's.
        metric: what the curves hold, `test.accuracy`.
        losses: in the study's order, condition by condition.
        running: loss, seed and epochs done of every trial that is being trained.
        lost: loss, seed, status and reason of every trial that diverged or failed.
        counts: how many trials have which status.
        epochs: that are done of all.
        total: the epochs of all trials together; one that diverged or failed has no more than it did.
        seconds_left: at the pace so far; None where nothing is known or nobody trains.
        reported: whether all trials have ended and the report was written after the last of them.
        grows: whether more seeds may still be added, by a run until everything is decided.
    """

    name: str
    metric: str
    losses: tuple[LossSoFar, ...]
    running: tuple[tuple[str, int, int], ...]
    lost: tuple[tuple[str, int, str, str], ...]
    counts: Mapping[str, int]
    epochs: int
    total: int
    seconds_left: float | None
    reported: bool
    grows: bool

    @property
    def trials(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def over(self) -> bool:
        """Whether nothing is left to train, failed trials aside, which a new run tries again."""
        return not self.counts.get("running") and not self.counts.get("missing")


class Watch:
    """Follows one study; what has ended is read once.

    Args:
        folder: a study's folder, or a save dir with one study.

    Raises:
        SaveDirError: there is no such study.
    """

    def __init__(self, folder: str | Path) -> None:
        self.store, self.name = locate_study(folder)
        self._ended: dict[str, Progress] = {}
        self._side_by_side: deque[int] = deque(maxlen=_LOOKS)
        self._read()

    @property
    def report(self) -> Path:
        """Where the report is, once it is written."""
        return self.store.study_folder(self.name) / "report.html"

    def look(self) -> View:
        """The study now; seeds and losses that joined since are seen."""
        with suppress(StoreError):  # it is just being written: what was known stays
            self._read()
        ended = {key: self._progress(key) for key in self._trials.values()}
        found = {pair: ended[key] for pair, key in self._trials.items()}
        once = {self._first[key]: item for key, item in ended.items()}  # two conditions may share a trial
        study, counts = self._study, _counted(once.values())
        self._side_by_side.append(counts["running"])
        total = sum(item.epochs if item.status in _LOST else study.recipe.epochs for item in once.values())
        done = sum(item.epochs for item in once.values())
        waiting = counts["running"] + counts["missing"]
        return View(
            name=self.name,
            metric=study.plan.metric,
            losses=_losses(found, study.plan.metric),
            running=tuple((*pair, item.epochs) for pair, item in once.items() if item.status == "running"),
            lost=tuple((*pair, item.status, item.reason) for pair, item in once.items() if item.status in _LOST),
            counts=counts,
            epochs=done,
            total=total,
            seconds_left=_left(once.values(), total - done, min(waiting, max(self._side_by_side))),
            reported=not waiting and self._reported(),
            grows=len(study.seeds) < (study.plan.max_seeds or 0),
        )

    def _read(self) -> None:
        """The study, and its trials' keys by loss and seed; of several conditions with the condition beside the loss.

        Raises:
            StoreError: a file is missing or damaged.
        """
        whole = StudyFolder.read(self.store, self.name)
        conditions = tuple(whole.places)
        trials: dict[tuple[str, int], str] = {}
        for condition, place in whole.places.items():
            told = condition.told(conditions)
            for (loss, seed), key in StudyFolder.read(self.store, place).trials.items():
                trials[f"{loss} in {told}" if told else loss, seed] = key
        self._study, self._trials = whole.study, trials
        self._first = {key: pair for pair, key in reversed(trials.items())}

    def _reported(self) -> bool:
        """Whether the report is newer than the last trial that ended; after the clock was set back, whether it is."""
        keys = [key for key in self._first if key in self._ended]
        try:
            last = max((self.store.trial_folder(key) / "provenance.json").stat().st_mtime_ns for key in keys)
            return self.report.stat().st_mtime_ns >= last or last > time.time_ns()
        except (OSError, ValueError):  # no report, or no trial that ended
            return False

    def _progress(self, key: str) -> Progress:
        if key not in self._ended:
            found = progress(self.store, key)
            if found.status not in _ENDED:
                return found
            self._ended[key] = found
        return self._ended[key]


def _losses(found: Mapping[tuple[str, int], Progress], metric: str) -> tuple[LossSoFar, ...]:
    split, _, column = metric.partition(".")
    by_loss: dict[str, list[Progress]] = {}
    for (loss, _), item in found.items():
        by_loss.setdefault(loss, []).append(item)
    return tuple(_so_far(loss, items, split, column) for loss, items in by_loss.items())


def _so_far(loss: str, items: Sequence[Progress], split: str, column: str) -> LossSoFar:
    values: dict[int, list[float]] = {}
    for item in items:
        for row in () if item.status in _LOST else item.rows:
            value = getattr(row, column, math.nan)
            if row.split == split and math.isfinite(value):
                values.setdefault(row.epoch, []).append(value)
    return LossSoFar(
        loss=loss,
        curve=tuple(math.fsum(values[epoch]) / len(values[epoch]) for epoch in sorted(values)),
        epochs=sum(item.epochs for item in items),
        counts=_counted(items),
    )


def _counted(items: Iterable[Progress]) -> Counter[str]:
    return Counter(str(item.status) for item in items)


def _left(items: Iterable[Progress], epochs: int, side_by_side: int) -> float | None:
    """Seconds for so many more epochs, at the pace of all so far, with so many trials side by side."""
    items = list(items)
    done, seconds = sum(item.epochs for item in items), sum(item.seconds for item in items)
    return epochs * seconds / done / side_by_side if done and side_by_side else None
