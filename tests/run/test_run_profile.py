"""Where the time of a whole run goes."""

from __future__ import annotations

import time

import pytest

from lossbench.run import Event, Profile


def test_what_workers_do_side_by_side_counts_by_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([13.0, 14.0, 14.5, 33.0, 37.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(readings))
    profile = Profile(workers=2, began=10.0)
    profile.lap("preparing")  # 3 s
    profile.heard(Event("started", "a"))  # a second after the workers were asked for
    profile.heard(Event("started", "b"))  # and half a second more
    profile.heard(Event("finished", "a", seconds={"forward": 10.0, "storing": 2.0}))
    profile.heard(Event("started", "c"))
    profile.heard(Event("finished", "b", seconds={"forward": 9.0}))
    profile.lap("training")  # 20 s
    profile.lap("reporting")  # 4 s
    rows = {phase: seconds for phase, seconds, _ in profile.rows()}
    assert rows["preparing"] == 3.0
    assert rows["process start"] == (1.0 + 1.5) / 2
    assert rows["forward"] == 9.5
    assert rows["storing"] == 1.0
    assert rows["idle"] == 20.0 - 1.25 - 9.5 - 1.0
    assert rows["reporting"] == 4.0
    assert sum(rows.values()) == 27.0
    assert sum(share for *_, share in profile.rows()) == pytest.approx(1)
    assert profile.to_csv().splitlines()[:2] == ["phase,seconds,share", "preparing,3.000,0.1111"]


def test_how_many_workers_there_are_may_be_told_later(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([13.0, 14.0, 15.0, 33.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(readings))
    profile = Profile(workers=1, began=10.0)
    profile.has_workers(2)
    profile.lap("preparing")
    for key in ("a", "b", "c"):
        if key != "c":
            profile.heard(Event("started", key))
        profile.heard(Event("finished", key, seconds={"forward": 6.0}))
    profile.lap("training")
    rows = {phase: seconds for phase, seconds, _ in profile.rows()}
    assert (rows["process start"], rows["forward"]) == ((1.0 + 2.0) / 2, 9.0)


def test_a_start_that_is_heard_late_takes_no_time_from_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([11.0, 14.0, 16.0, 17.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(readings))
    profile = Profile(workers=1, began=10.0)
    profile.lap("preparing")
    profile.heard(Event("started", "a"))  # said after 1.5 s, heard after 3 s on a busy machine
    profile.heard(Event("finished", "a", seconds={"forward": 3.5}))
    profile.lap("training")
    profile.lap("reporting")
    rows = {phase: seconds for phase, seconds, _ in profile.rows()}
    assert (rows["process start"], rows["forward"], rows["idle"]) == (1.5, 3.5, 0.0)
    assert sum(rows.values()) == 7.0
