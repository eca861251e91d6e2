"""Looking at a study while somebody trains it, without importing torch and without changing anything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lossbench.errors import StoreError
from lossbench.store import Progress, StudyFolder, locate_study, progress

__all__ = ["LossSoFar", "View", "Watch"]

_ENDED = ("finished", "diverged")


@dataclass(frozen=True)
class LossSoFar:
    """How far the trials of one loss are.

    Args:
        loss: its label.
        curve: the mean of the study's metric over the trials that have come so far, by evaluated epoch.
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
        losses: in the study's order.
        running: loss, seed and epochs done of every trial that is being trained.
        lost: loss, seed, status and reason of every trial that diverged or failed.
        counts: how many trials have which status.
        epochs: that are done of all.
        total: the epochs of all trials together; one that diverged has no more than it did.
        seconds_left: at the pace so far; None where nothing is known or nobody trains.
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
        self._folder = StudyFolder.read(self.store, self.name)

    @property
    def report(self) -> Path:
        """Where the report is, once it is written."""
        return self.store.study_folder(self.name) / "report.html"

    def look(self) -> View:
        """The study now; seeds and losses that joined since are seen."""
        with suppress(StoreError):  # it is just being written: what was known stays
            self._folder = StudyFolder.read(self.store, self.name)
        found = {pair: self._progress(key) for pair, key in self._folder.trials.items()}
        study = self._folder.study
        split, _, column = study.plan.metric.partition(".")
        labels = dict.fromkeys(label for label, _ in found)
        of_loss = {label: [item for (at, _), item in found.items() if at == label] for label in labels}
        total = sum(item.epochs if item.status == "diverged" else study.recipe.epochs for item in found.values())
        done = sum(item.epochs for item in found.values())
        return View(
            name=self.name,
            metric=study.plan.metric,
            losses=tuple(_so_far(label, items, split, column) for label, items in of_loss.items()),
            running=tuple((a, b, item.epochs) for (a, b), item in found.items() if item.status == "running"),
            lost=tuple(
                (a, b, item.status, item.reason)
                for (a, b), item in found.items()
                if item.status in ("diverged", "failed")
            ),
            counts=Counter(item.status for item in found.values()),
            epochs=done,
            total=total,
            seconds_left=_left(found.values(), total - done),
        )

    def _progress(self, key: str) -> Progress:
        if key not in self._ended:
            found = progress(self.store, key)
            if found.status not in _ENDED:
                return found
            self._ended[key] = found
        return self._ended[key]


def _so_far(loss: str, items: Sequence[Progress], split: str, column: str) -> LossSoFar:
    values: dict[int, list[float]] = {}
    for item in items:
        for row in item.rows:
            value = getattr(row, column, math.nan)
            if row.split == split and math.isfinite(value):
                values.setdefault(row.epoch, []).append(value)
    return LossSoFar(
        loss=loss,
        curve=tuple(math.fsum(values[epoch]) / len(values[epoch]) for epoch in sorted(values)),
        epochs=sum(item.epochs for item in items),
        counts=Counter(item.status for item in items),
    )


def _left(items: Iterable[Progress], epochs: int) -> float | None:
    """Seconds for so many more epochs, at the pace of all so far, with as many side by side as now."""
    items = list(items)
    side_by_side = sum(item.status == "running" for item in items)
    done, seconds = sum(item.epochs for item in items), sum(item.seconds for item in items)
    return epochs * seconds / done / side_by_side if done and side_by_side else None
