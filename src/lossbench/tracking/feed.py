"""Trackers told while trials are trained: each in a thread of its own, so that none holds up a trial or another."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.errors import shown, told
from lossbench.store import Store, checkpoint_rows
from lossbench.tracking.named import Opened
from lossbench.tracking.tracker import Concluded, Ended, Point, TrackedTrial, Tracker
from lossbench.tracking.trials import ended_in, points_of, tell_whole

if TYPE_CHECKING:  # reading results imports no torch, which `run` does
    from lossbench.run import Event

__all__ = ["Feed"]

_MOST_FAILURES = 3
"""Trials in a row that a tracker may fail to take before it is asked no more: each may have waited for a network."""


class Feed:
    """Tells trackers what happens to trials. What a tracker raises is noted, and ends there.

    Args:
        open_all: opens the trackers, when the first trials are known; a RequestError that it raises is passed on.
    """

    def __init__(self, open_all: Callable[[], Sequence[Opened]]) -> None:
        self._open_all = open_all
        self._lines: list[_Line] | None = None
        self._store: Store | None = None

    def follow(self, store: Store, trials: Mapping[str, TrackedTrial], own: Mapping[str, str] | None = None) -> None:
        """Takes note of trials that are about to be trained.

        Args:
            store: the save dir.
            trials: by their keys.
            own: the study's own metrics, the digest of the source of each by its path.
        """
        if self._lines is None:
            self._lines = [_Line(opened) for opened in self._open_all()]
        self._store = store
        for line in self._lines:
            line.put(partial(line.follow, store, trials, own or {}))

    def __call__(self, event: Event) -> None:
        """Tells of an event; returns at once."""
        if not self._lines or self._store is None:
            return
        # Read now: when a slow tracker hears of it, the trial may have ended and its checkpoint be gone.
        before = points_of(checkpoint_rows(self._store, event.key)) if event.kind == "started" else []
        for line in self._lines:
            line.put(partial(line.hear, event, before))

    def conclude(self, came_to: Callable[[], Concluded]) -> None:
        """Tells what a study came to, which is asked for where there are trackers; they are told later."""
        if self._lines:
            study = came_to()
            for line in self._lines:
                line.put(partial(line.conclude, study))

    def close(self, patience: float = 30.0) -> tuple[str, ...]:
        """Waits for the trackers; gives a sentence for each that does not have everything.

        Args:
            patience: seconds without anything getting through, after which a tracker is waited for no longer.
        """
        lines = self._lines or []
        for line in lines:
            line.put(None)
        return tuple(complaint for line in lines if (complaint := line.complaint(patience)))


class _Line(threading.Thread):
    """What one tracker is told, in order; all that it is asked for happens in this thread."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(daemon=True, name=f"lossbench tracker {opened.spec.name}")  # a tracker that hangs ends with us
        self.opened = opened
        self.things: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.done = 0  # how many of them
        self.trials: dict[str, TrackedTrial] = {}
        self.sent: dict[str, int] = {}  # the last epoch that the tracker has, by the keys of trials that it has begun
        self.own: dict[str, str] = {}
        self.late: dict[str, Mapping[str, float]] = {}  # of trials that have finished, what it has of the last epoch
        self.lost: dict[str, str] = {}  # names of the trials that it does not have, by key
        self.rest: list[str] = []  # what else it did not take
        self.failures, self.why = 0, ""
        self.folder = Path("FOLDER")
        self.start()

    def put(self, thing: Callable[[], None] | None) -> None:
        """Has a thing done when those before it are; after None nothing is."""
        self.things.put(thing)

    def run(self) -> None:
        """Does one thing after another."""
        while (thing := self.things.get()) is not None:
            thing()
            self.done += 1
        self._try_other("what was buffered", self.opened.tracker.close)

    def complaint(self, patience: float) -> str:
        """Waits until the tracker has taken everything, or nothing for a while; gives what it lacks, in a sentence."""
        done, since = -1, time.monotonic()
        while self.is_alive() and time.monotonic() - since < patience:
            if self.done != done:
                done, since = self.done, time.monotonic()
            self.join(timeout=min(patience, 0.2))
        again = f"the store has everything, and `{self.opened.again(self.folder)}` sends it"
        if self.is_alive():
            return f"{self.opened.spec} has not answered for {patience:g} seconds and was left; {again}"
        if self.lost or self.rest:
            trials = [f"{len(self.lost)} trials"] if len(self.lost) > 1 else list(self.lost.values())
            return f"{self.opened.spec} did not take {' and '.join([*trials, *self.rest])} ({self.why}); {again}"
        return ""

    def follow(self, store: Store, trials: Mapping[str, TrackedTrial], own: Mapping[str, str]) -> None:
        """Takes note of trials, and of where their results will be."""
        self.store = store
        self.own |= own
        self.trials |= trials
        for trial in trials.values():
            self.folder = store.study_folder(trial.study)

    def hear(self, event: Event, before: Sequence[Point]) -> None:
        """Tells the tracker of an event, and of the epochs before it that a trial goes on from."""
        trial = self.trials.get(event.key)
        if trial is not None and (event.kind in ("started", "epoch") or event.ends):
            self._try(trial, lambda: self._tell(trial, event, before))

    def conclude(self, study: Concluded) -> None:
        """Tells the tracker what a study came to."""
        for key in self.late if self.own else ():  # computed after the trials had ended
            self._try(self.trials[key], partial(self._tell_late, self.trials[key]))
        name = f"the conclusion of {study.study}"
        if self.failures < _MOST_FAILURES:
            self._try_other(name, lambda: self.opened.tracker.conclude(study))
        else:
            self.rest.append(name)

    def _tell(self, trial: TrackedTrial, event: Event, before: Sequence[Point]) -> None:
        tracker, key = self.opened.tracker, trial.key
        if event.kind == "started" or key not in self.sent:
            tracker.begin(trial, None)
            self.sent[key] = 0
            self._log(tracker, trial, before)
        if event.kind == "epoch" and event.metrics:
            self._log(tracker, trial, [Point(event.epoch, event.metrics)])
        if event.ends:
            ended = Ended("failed", event.reason)
            if event.kind != "failed":
                rows, ended = ended_in(self.store, key, self.own)
                self._log(tracker, trial, points_of(rows))
                self.late[key] = ended.late
            tracker.end(trial, ended)

    def _tell_late(self, trial: TrackedTrial) -> None:
        """Tells all of a trial anew, if there is more to tell."""
        rows, ended = ended_in(self.store, trial.key, self.own)
        if ended.late != self.late[trial.key]:
            tell_whole(self.opened.tracker, trial, rows, ended)

    def _log(self, tracker: Tracker, trial: TrackedTrial, points: Sequence[Point]) -> None:
        fresh = [point for point in points if point.epoch > self.sent[trial.key]]
        if fresh:
            tracker.log(trial, fresh)
            self.sent[trial.key] = fresh[-1].epoch

    def _try(self, trial: TrackedTrial, thing: Callable[[], None]) -> None:
        """Does a thing unless its trial is lost; that trial is lost if it fails."""
        if trial.key in self.lost:
            return
        if self.failures >= _MOST_FAILURES or not self._does(thing):
            self.lost[trial.key] = trial.name

    def _try_other(self, name: str, thing: Callable[[], None]) -> None:
        """Does a thing that is no trial's, and notes it if it fails."""
        if not self._does(thing):
            self.rest.append(name)

    def _does(self, thing: Callable[[], None]) -> bool:
        """Does a thing; whether it worked."""
        try:
            thing()
        except BaseException as error:  # a tracker may raise anything: nothing but this line of it ends
            self.failures, self.why = self.failures + 1, self.why or shown(told(error))
            return False
        self.failures = 0
        return True
