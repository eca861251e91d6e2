"""What trackers hear of events, and what happens when they raise, hang or are slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from lossbench.run import Event
from lossbench.store import Record, Row, Store
from lossbench.tracking import (
    Concluded,
    Ended,
    Feed,
    Opened,
    Point,
    TrackedTrial,
    Tracker,
    TrackerSpec,
    tracked,
)
from makers import made_trial

TRIALS = {trial.key: trial for trial in (made_trial(seed=seed) for seed in range(1, 7))}
TRACKED = {key: tracked(trial, "study", "made", "cross_entropy") for key, trial in TRIALS.items()}
FIRST, SECOND = list(TRIALS)[:2]


class Notes:
    """A tracker that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        self.heard.append(("begin", trial.key))

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        self.heard += [("log", trial.key, point.epoch, dict(point.metrics)) for point in points]

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        self.heard.append(("end", trial.key, ended.status, ended.reason))

    def conclude(self, study: Concluded) -> None:
        self.heard.append(("conclude", study.study))

    def close(self) -> None:
        self.heard.append(("close",))


class Raises(Notes):
    """Raises on the calls that are named."""

    def __init__(self, *calls: str, error: BaseException | None = None) -> None:
        super().__init__()
        self.calls, self.error = calls, error or ConnectionError("no route to host")

    def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
        super().begin(trial, started)
        self._maybe("begin", trial.key)

    def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
        super().log(trial, points)
        self._maybe("log", trial.key)

    def end(self, trial: TrackedTrial, ended: Ended) -> None:
        super().end(trial, ended)
        self._maybe("end", trial.key)

    def conclude(self, study: Concluded) -> None:
        self._maybe("conclude", "")

    def close(self) -> None:
        self._maybe("close", "")

    def _maybe(self, call: str, key: str) -> None:
        if call in self.calls or key in self.calls:
            raise self.error


def feed_of(*trackers: Tracker) -> Feed:
    """Trackers that have a name each."""
    return Feed(lambda: [Opened(TrackerSpec("own", f"tracker_{n}"), tracker) for n, tracker in enumerate(trackers)])


def rows(*epochs: int) -> tuple[Row, ...]:
    return (Row(0, "first_batch", 2.3), *(Row(epoch, "test", 1 / epoch, accuracy=0.5) for epoch in epochs))


def metrics(epoch: int) -> dict[str, float]:
    return {"test/loss": 1 / epoch, "test/accuracy": 0.5}


def test_a_trial_is_told_epoch_by_epoch_and_what_no_event_told_comes_from_the_store(tmp_path: Path) -> None:
    store, notes = Store(tmp_path), Notes()
    feed = feed_of(notes)
    feed.follow(store, TRACKED)
    feed(Event("started", FIRST))
    feed(Event("epoch", FIRST, 0, metrics={"first_batch/loss": 2.3}))
    feed(Event("epoch", FIRST, 1, metrics=metrics(1)))
    feed(Event("epoch", FIRST, 2))  # not evaluated
    with store.claim(TRIALS[FIRST]):
        record = Record(rows(1, 3), epochs=3, logits={"test.last": np.zeros((4, 3), np.float32)})
        store.finish(TRIALS[FIRST], record, {"test": np.zeros(4, np.int64)}, {"seconds": 1.0})
    feed(Event("finished", FIRST, 3))
    feed(Event("started", "of no trial of ours"))
    feed.conclude(lambda: Concluded("study", "?", "!", ()))
    assert feed.close() == ()
    assert notes.heard == [
        ("begin", FIRST),
        ("log", FIRST, 1, metrics(1)),
        ("log", FIRST, 3, metrics(3)),
        ("end", FIRST, "finished", ""),
        ("conclude", "study"),
        ("close",),
    ]


def test_a_trial_that_goes_on_is_told_from_its_first_epoch(tmp_path: Path) -> None:
    store, notes = Store(tmp_path), Notes()
    with store.claim(TRIALS[FIRST]):
        store.save_checkpoint(FIRST, Record(rows(1, 2), epochs=2), {}, 2, 1.0)
    feed = feed_of(notes)
    feed.follow(store, TRACKED)
    feed(Event("started", FIRST))
    feed(Event("epoch", FIRST, 3, metrics=metrics(3)))
    feed.close()
    assert [item[:3] for item in notes.heard] == [
        ("begin", FIRST),
        ("log", FIRST, 1),
        ("log", FIRST, 2),
        ("log", FIRST, 3),
        ("close",),
    ]


def test_a_trial_that_another_run_trained_or_whose_process_never_came_up_is_told_too(tmp_path: Path) -> None:
    store, notes = Store(tmp_path), Notes()
    with store.claim(TRIALS[FIRST]):
        store.finish(TRIALS[FIRST], Record(rows(1), epochs=1, diverged="inf"), {}, {"seconds": 1.0})
    feed = feed_of(notes)
    feed.follow(store, TRACKED)
    feed(Event("held", FIRST))
    feed(Event("diverged", FIRST, 1))
    feed(Event("failed", SECOND, reason="no memory"))
    feed.close()
    assert [item[:3] for item in notes.heard] == [
        ("begin", FIRST),
        ("log", FIRST, 1),
        ("end", FIRST, "diverged"),
        ("begin", SECOND),
        ("end", SECOND, "failed"),
        ("close",),
    ]


def test_a_trial_that_is_tried_again_is_begun_again(tmp_path: Path) -> None:
    notes = Notes()
    feed = feed_of(notes)
    feed.follow(Store(tmp_path), TRACKED)
    for _ in range(2):
        feed(Event("started", FIRST))
        feed(Event("epoch", FIRST, 1, metrics=metrics(1)))
        feed(Event("failed", FIRST, reason="killed"))
    feed.close()
    assert [item[0] for item in notes.heard] == ["begin", "log", "end"] * 2 + ["close"]


@pytest.mark.parametrize("call", ["begin", "log", "end"])
@pytest.mark.parametrize(
    "error", [ConnectionError("no route"), SystemExit(3), KeyboardInterrupt(), RecursionError("deep")], ids=repr
)
def test_what_a_tracker_raises_is_said_in_one_sentence(tmp_path: Path, call: str, error: BaseException) -> None:
    broken, notes = Raises(call, error=error), Notes()
    feed = feed_of(broken, notes)
    feed.follow(Store(tmp_path), TRACKED)
    feed(Event("started", FIRST))
    feed(Event("epoch", FIRST, 1, metrics=metrics(1)))
    feed(Event("failed", FIRST, reason="x"))
    (said,) = feed.close()
    assert said.startswith(f"own:tracker_0 did not take {TRACKED[FIRST].name} ({type(error).__name__}")
    folder = tmp_path / "studies" / "study"
    assert said.endswith(f"the store has everything, and `lossbench export {folder} --to own:tracker_0` sends it")
    assert [item[0] for item in notes.heard] == ["begin", "log", "end", "close"]


def test_a_lost_trial_is_asked_for_no_more_and_the_others_are_told(tmp_path: Path) -> None:
    broken = Raises(FIRST)
    feed = feed_of(broken)
    feed.follow(Store(tmp_path), TRACKED)
    for key in (FIRST, SECOND):
        feed(Event("started", key))
        feed(Event("epoch", key, 1, metrics=metrics(1)))
        feed(Event("failed", key, reason="x"))
    assert len(feed.close()) == 1
    assert [item[:2] for item in broken.heard] == [("begin", FIRST), *((c, SECOND) for c in ("begin", "log", "end"))]


def test_a_tracker_that_fails_three_times_in_a_row_is_left_alone(tmp_path: Path) -> None:
    broken = Raises("begin")
    feed = feed_of(broken)
    feed.follow(Store(tmp_path), TRACKED)
    for key in TRIALS:
        feed(Event("started", key))
    (said,) = feed.close()
    assert len(broken.heard) == 3
    assert "did not take 6 trials (ConnectionError: no route to host)" in said


def test_a_conclusion_or_an_end_that_fails_is_said(tmp_path: Path) -> None:
    feed = feed_of(Raises("conclude"), Raises("close"))
    feed.follow(Store(tmp_path), TRACKED)
    feed.conclude(lambda: Concluded("study", "?", "!", ()))
    first, second = feed.close()
    assert "did not take the conclusion of study" in first
    assert "did not take what was buffered" in second


def test_a_tracker_that_hangs_is_left_after_a_while_and_holds_up_nobody(tmp_path: Path) -> None:
    release, notes = threading.Event(), Notes()

    class Hangs(Notes):
        def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
            release.wait(60)

    feed = feed_of(Hangs(), notes)
    feed.follow(Store(tmp_path), TRACKED)
    began = time.monotonic()
    feed(Event("started", FIRST))
    (said,) = feed.close(patience=0.3)
    release.set()
    assert time.monotonic() - began < 30
    assert said.startswith("own:tracker_0 has not answered for 0.3 seconds and was left")
    assert [item[0] for item in notes.heard] == ["begin", "close"]


def test_a_slow_tracker_is_waited_for_as_long_as_something_gets_through(tmp_path: Path) -> None:
    class Slow(Notes):
        def log(self, trial: TrackedTrial, points: Sequence[Point]) -> None:
            time.sleep(0.1)
            super().log(trial, points)

    slow = Slow()
    feed = feed_of(slow)
    feed.follow(Store(tmp_path), TRACKED)
    feed(Event("started", FIRST))
    for epoch in range(1, 11):
        feed(Event("epoch", FIRST, epoch, metrics=metrics(epoch)))
    assert feed.close(patience=0.6) == ()
    assert len(slow.heard) == 12


def test_a_slow_tracker_is_told_of_epochs_whose_checkpoint_is_gone_by_then(tmp_path: Path) -> None:
    store, begun, notes = Store(tmp_path), threading.Event(), Notes()

    class Slow(Notes):
        def begin(self, trial: TrackedTrial, started: datetime | None) -> None:
            begun.wait(60)
            super().begin(trial, started)

    slow = Slow()
    feed = feed_of(slow, notes)
    feed.follow(store, TRACKED)
    with store.claim(TRIALS[FIRST]):
        store.save_checkpoint(FIRST, Record(rows(1, 2), epochs=2), {}, 2, 1.0)
        feed(Event("started", FIRST))
        feed(Event("epoch", FIRST, 3, metrics=metrics(3)))
        record = Record(rows(1, 2, 3), epochs=3, logits={"test.last": np.zeros((4, 3), np.float32)})
        store.finish(TRIALS[FIRST], record, {"test": np.zeros(4, np.int64)}, {"seconds": 1.0})
    feed(Event("finished", FIRST, 3))
    begun.set()
    assert feed.close() == ()
    assert slow.heard == notes.heard
    assert [item[2] for item in slow.heard if item[0] == "log"] == [1, 2, 3]


def test_trackers_are_opened_when_there_are_trials_to_tell_of(tmp_path: Path) -> None:
    opened: list[str] = []

    def open_all() -> list[Opened]:
        opened.append("now")
        return [Opened(TrackerSpec("own", "x"), Notes())]

    feed = Feed(open_all)
    feed.conclude(lambda: pytest.fail("nobody asked"))
    assert opened == []
    feed.follow(Store(tmp_path), TRACKED)
    feed.follow(Store(tmp_path), TRACKED)
    assert opened == ["now"]
    feed.close()


def test_without_trackers_nobody_is_asked_for_a_conclusion(tmp_path: Path) -> None:
    feed = Feed(list)
    feed.follow(Store(tmp_path), TRACKED)
    feed.conclude(lambda: pytest.fail("nobody asked"))
    assert feed.close() == ()
