"""The simulated cluster against closed formulas, and what is recorded of it against what it gives."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from benchmarks.scaling.__main__ import RECORDED, RESERVES
from benchmarks.scaling.cluster.shape import Cluster, Driver, Outcome, trial_seconds
from benchmarks.scaling.cluster.simulate import simulated
from benchmarks.scaling.cluster.studies import alike, driver_of, rows, validated

FREE = Driver()


@pytest.mark.parametrize(("trials", "nodes", "slots"), [(1, 1, 1), (5, 1, 2), (64, 4, 4), (65, 4, 4), (20, 64, 16)])
def test_equal_trials_take_as_many_rounds_as_there_are_turns(trials: int, nodes: int, slots: int) -> None:
    found = simulated(Cluster(nodes, slots), FREE, [3.0] * trials)
    assert found.makespan == pytest.approx(3.0 * math.ceil(trials / (nodes * slots)))
    assert found.efficiency == pytest.approx(trials * 3.0 / (nodes * slots * found.makespan))


def test_a_driver_that_is_slower_than_the_slots_sets_the_pace() -> None:
    found = simulated(Cluster(1, 4), Driver(0.3, 0.7), [0.1] * 50)
    assert found.makespan == pytest.approx(50 * 1.0)
    assert found.driver == pytest.approx(1.0)
    assert found.limit == "driver"


def test_a_driver_is_busy_for_what_all_trials_cost_it() -> None:
    found = simulated(Cluster(2, 2), Driver(0.01, 0.02, 0.5), [12.0] * 9)
    assert found.driver_busy == pytest.approx(9 * (0.01 + 0.02 + 2 * 0.5))  # after 5 and 10 seconds


def test_no_order_ends_before_the_bound_nor_after_twice_of_it() -> None:
    seconds = trial_seconds(300, 10.0, [0.5, 1.0, 2.0])
    bound = max(float(seconds.sum()) / 32, float(seconds.max()))
    assert bound <= simulated(Cluster(4, 8), FREE, seconds).makespan <= 2 * bound


def test_ends_that_come_together_wait_for_each_other() -> None:
    """Lindley's recursion: one driver, as many slots as trials, ends written in the order in which they come."""
    seconds, written = trial_seconds(200, 10.0, [0.5, 1.5]), 0.0
    for arrived in sorted(seconds):
        written = max(written, float(arrived)) + 0.03
    assert simulated(Cluster(10, 20), Driver(end_seconds=0.03), seconds).makespan == pytest.approx(written)


def test_nodes_fetch_the_data_one_after_the_other() -> None:
    found = simulated(Cluster(4, 1, data_megabytes=100.0, megabytes_per_second=50.0), FREE, [100.0] * 4)
    assert found.fetching == pytest.approx(8.0)
    assert found.makespan == pytest.approx(108.0)


def test_a_trial_of_a_failed_node_goes_on_from_its_last_checkpoint() -> None:
    calm = simulated(Cluster(2, 1, checkpoint_every=10.0), FREE, [50.0] * 20)
    torn = simulated(Cluster(2, 1, checkpoint_every=10.0, node_hours=0.05, away_seconds=5.0), FREE, [50.0] * 20)
    assert calm.lost == 0
    assert calm.makespan == pytest.approx(500.0)
    assert torn.lost > 0
    assert calm.makespan < torn.makespan < 2 * calm.makespan
    rarely = simulated(Cluster(2, 1, checkpoint_every=1000.0, node_hours=0.05, away_seconds=5.0), FREE, [50.0] * 20)
    assert rarely.lost > torn.lost


def test_more_in_reserve_helps_where_all_slots_come_free_at_once() -> None:
    driver, seconds = Driver(end_seconds=0.1), trial_seconds(600, 20.0, [0.98, 1.02])
    few, many = (simulated(Cluster(6, 10, reserve_share=share), driver, seconds) for share in (0.05, 1.0))
    assert many.efficiency > few.efficiency + 0.05


def test_drawn_seconds_have_the_mean_that_is_asked_for_and_are_always_the_same() -> None:
    first, second = (trial_seconds(500, 73.0, [3.0, 4.0, 6.0]) for _ in range(2))
    assert first.mean() == pytest.approx(73.0)
    assert (first == second).all()
    assert trial_seconds(5_000, 1.0, [1.0, 1.0], stragglers=0.1).max() == pytest.approx(3.0)


def recorded() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return values


def test_what_is_recorded_is_what_the_simulation_gives_for_what_was_measured() -> None:
    """Of the studies that take a moment; the others come from the same code."""
    known = recorded()
    for name, share in RESERVES.items():
        rows_of_it = rows(known, share)
        for expected in known["simulated"][name][:8]:
            assert next(rows_of_it) == expected
        assert alike(known["busy"], share) == known["busy"]["alike"][name]
    assert validated(known["trials"]) == known["validated"]


def test_the_simulation_gives_the_makespan_of_a_run_that_was_measured() -> None:
    found = recorded()["validated"]
    assert found["simulated_seconds"] == pytest.approx(found["measured_seconds"], rel=0.05)


def test_a_cluster_of_64_nodes_is_kept_busy_by_a_large_study() -> None:
    """The goal of the design: an efficiency of at least 90 %, of 100,000 trials with measured times."""
    by_size = {(row["trials"], row["nodes"]): row["efficiency"] for row in recorded()["simulated"]["half"]}
    assert by_size[100_000, 64] >= 0.9
    assert by_size[1_000, 64] < 0.9


def test_the_driver_costs_more_where_more_is_told() -> None:
    known = recorded()
    small, large = (driver_of(known, slots, 73.0) for slots in (16, 16_384))
    assert small.end_seconds >= large.end_seconds > 0  # many slots tell less often


def test_the_limit_is_the_largest_of_what_slots_wait_for() -> None:
    assert Outcome(100.0, 950.0, 10, 0.0, 5.0, 0.0, 0.0).limit == "cores"
    assert Outcome(100.0, 500.0, 10, 10.0, 90.0, 5.0, 0.0).limit == "tail"
    assert Outcome(100.0, 500.0, 10, 10.0, 5.0, 90.0, 0.0).limit == "data"
    assert Outcome(100.0, 500.0, 10, 99.0, 5.0, 5.0, 0.0).limit == "driver"
