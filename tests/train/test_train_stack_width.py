"""How many lanes a stack has: the width that takes the least time and fits into memory."""

from __future__ import annotations

import pytest

from lossbench.run import one_thread
from lossbench.train.stack import Cost, Width, best_width, measured_width
from makers import made_pictures, made_trial


def fixed_and_per_lane(fixed: float, per_lane: float, size: int = 1) -> dict[int, Cost]:
    return {width: Cost(fixed + per_lane * width, size * width) for width in range(1, 65)}


@pytest.mark.parametrize(
    ("trials", "fixed", "per_lane", "lanes"),
    [
        (20, 1.0, 0.0, 20),  # more lanes cost nothing: all at once
        (20, 0.0, 1.0, 1),  # they cost what they cost alone
        (1, 1.0, 0.1, 1),
        (64, 1.0, 0.001, 64),
        (5, 1.0, 0.1, 5),
    ],
)
def test_the_width_of_least_time(trials: int, fixed: float, per_lane: float, lanes: int) -> None:
    costs = fixed_and_per_lane(fixed, per_lane)
    assert best_width(trials, costs.get, float("inf")).lanes == lanes


def test_no_wider_than_memory_allows() -> None:
    costs = fixed_and_per_lane(1.0, 0.0, size=100)
    assert best_width(64, costs.get, 1000).lanes == 8, "16 lanes want 1600 of 1000 bytes"
    assert best_width(64, costs.get, 1).lanes == 1, "one trial is trained whatever it takes"


def test_a_width_that_there_was_no_memory_for_ends_the_search() -> None:
    tried: list[int] = []

    def cost_of(width: int) -> Cost | None:
        tried.append(width)
        return None if width > 4 else Cost(1.0, 0, "gathered")

    assert best_width(20, cost_of, float("inf")) == Width(4, "gathered")
    assert tried == [1, 2, 4, 8]


def test_it_is_measured_with_the_trials_own_models() -> None:
    trials = [made_trial("l1", seed) for seed in (1, 2, 3)]
    with one_thread():
        assert 1 <= measured_width(trials, made_pictures(), "cpu").lanes <= 3
        assert measured_width(trials, made_pictures(), "cpu", 7) == Width(7, "grouped")
