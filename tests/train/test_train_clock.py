"""Where a trial's time goes."""

from __future__ import annotations

import time
from itertools import count

import pytest

from lossbench.run import one_thread
from lossbench.train import PHASES, Clock, train
from makers import made_pictures, made_trial


def test_laps_add_up_by_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([10.0, 11.0, 13.0, 16.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(readings))
    clock = Clock()
    for phase in ("data", "forward", "data"):
        clock.lap(phase)
    assert dict(clock.seconds) == {"data": 4.5, "forward": 2.0}


def test_a_trials_phases_sum_to_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(readings)))
    clock = Clock()
    with one_thread():
        for _ in train(made_trial(), made_pictures(), clock=clock):
            pass
    assert set(clock.seconds) == set(PHASES) - {"storing"}
    assert all(seconds > 0 for seconds in clock.seconds.values())
    assert sum(clock.seconds.values()) == next(readings) - 1, "from the first reading to the last one, without a gap"
