"""Our numbers beside published ones, against scipy and against counting."""

from __future__ import annotations

import dataclasses
import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats

from lossbench.analysis import Against, BesidePublished, analyse
from lossbench.analysis.joint import joint_interval
from lossbench.published import published
from lossbench.results import Results
from lossbench.spec import PRESETS, LossSpec
from synthetic import study


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((0.58, 0.004, 3), (0.5846, 0.0021, 3)),
        ((0.90, 0.001, 5), (0.905, 0.0035, 3)),
        ((0.90, 0.1, 2), (0.1, 1e-9, 30)),
    ],
)
def test_with_both_spreads_it_is_welchs_test(ours: tuple[float, float, int], theirs: tuple[float, float, int]) -> None:
    low, high, basis = joint_interval(ours, theirs)
    assert basis == "both"
    assert low is not None
    assert high is not None
    test = stats.ttest_ind_from_stats(*ours, *theirs, equal_var=False)
    assert (low <= 0 <= high) == (test.pvalue >= 0.05)
    # moved until one end is 0, the same means are at exactly 0.05
    moved = (ours[0] - low, ours[1], ours[2])
    assert stats.ttest_ind_from_stats(*moved, *theirs, equal_var=False).pvalue == pytest.approx(0.05)
    assert (low + high) / 2 == pytest.approx(ours[0] - theirs[0])


def test_one_seed_of_ours_takes_their_spread() -> None:
    low, high, basis = joint_interval((0.80, None, 1), (0.79, 0.01, 4))
    half = stats.t.ppf(0.975, 3) * 0.01 * math.sqrt(1 + 1 / 4)
    assert basis == "theirs"
    assert [low, high] == pytest.approx([0.01 - half, 0.01 + half])


@pytest.mark.parametrize("theirs", [(0.79, None, None), (0.79, None, 3), (0.79, 0.01, None), (0.79, 0.01, 1)])
def test_without_their_spread_it_is_the_interval_of_our_mean(theirs: tuple[float, float | None, int | None]) -> None:
    low, high, basis = joint_interval((0.80, 0.01, 5), theirs)
    mine = stats.t.interval(0.95, 4, loc=0.80, scale=0.01 / math.sqrt(5))
    assert basis == "ours"
    assert [low, high] == pytest.approx([mine[0] - 0.79, mine[1] - 0.79])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((0.8, None, 1), (0.79, None, None)),
        ((0.8, 0.0, 3), (0.79, None, None)),
        ((0.8, 0.0, 3), (0.79, 0.0, 3)),
        ((math.inf, 0.1, 3), (0.79, 0.1, 3)),
    ],
)
def test_without_any_spread_nothing_is_said(ours: tuple[float, float | None, int], theirs: Any) -> None:
    assert joint_interval(ours, theirs) == (None, None, "none")


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Two groups of three runs from one distribution: about 95 of 100 intervals hold 0."""
    draws = np.asarray(stats.norm.rvs(size=(4000, 6), random_state=1))
    held = 0
    for draw in draws:
        a, b = draw[:3], draw[3:]
        low, high, _ = joint_interval((a.mean(), a.std(ddof=1), 3), (b.mean(), b.std(ddof=1), 3))
        held += low <= 0 <= high  # type: ignore[operator] # neither is None here
    assert 0.94 < held / len(draws) < 0.98  # Welch's interval is a little too wide with so few


_DEFAULTS: dict[str, dict[str, Any]] = {"gce": {"q": 0.7}, "focal": {"gamma": 2.0, "alpha": None, "detach": False}}


def repeated(preset: str, scenario: str, losses: list[str] | None = None, seeds: int = 3, **changes: Any) -> Results:
    """Made-up results of a preset within one of its scenarios."""
    values = PRESETS[preset]
    made = study(losses=losses or values["losses"], seeds=seeds, epochs=3, **changes)
    views = []
    for view in made.losses:
        spec = LossSpec.parse(view.label.partition("[")[0])
        defaults = _DEFAULTS.get(spec.name, {})
        views.append(
            dataclasses.replace(view, name=spec.name, hyperparameters={**defaults, **dict(spec.hyperparameters)})
        )
    return dataclasses.replace(
        made, study={**made.study, "published": preset, "scenarios": [scenario]}, losses=tuple(views)
    )


def beside(results: Results) -> BesidePublished:
    found = analyse(results).published
    assert found is not None
    return found


def test_every_loss_of_the_table_has_its_row() -> None:
    results = repeated("active-passive", "noise(symmetric, 0.4)")
    found = beside(results)
    assert [row.loss for row in found.rows] == list(results.labels)
    for row in found.rows:
        estimate = analyse(results).estimate(row.loss)
        assert (row.mean, row.sd, row.seeds) == (estimate.mean, estimate.sd, 3)
        assert row.difference == pytest.approx((estimate.mean or 0) - row.reported.mean)
        assert row.reported.scenario == "noise(symmetric, 0.4)"


def test_a_study_that_names_no_table_has_nothing_beside_it() -> None:
    assert analyse(study(seeds=2, epochs=2)).published is None


def test_of_a_preset_only_what_is_asked_for_is_shown() -> None:
    found = beside(repeated("active-passive", "noise(symmetric, 0.6)", ["nce_rce", "mae", "gce(q=0.7)"]))
    assert [row.loss for row in found.rows] == ["nce_rce", "gce(q=0.7)"]
    assert beside(repeated("active-passive", "noise(pair, 0.3)")).rows == ()


@pytest.mark.parametrize(
    ("label", "matches"),
    [
        ("gce", True),  # its default is the published one
        ("gce(q=0.7)", True),
        ("gce(q=0.5)", False),
        ("focal(gamma=0.5)", False),  # its factor has a gradient
        ("focal(detach=true, gamma=0.5)", True),
        ("focal(alpha=0.25, detach=true, gamma=0.5)", False),
        ("sce(alpha=0.1, beta=1, log_zero=-4)", False),
        ("gce(q=0.7)[lr=0.5]", True),
    ],
)
def test_a_loss_is_the_published_one_where_all_that_it_names_agrees(label: str, matches: bool) -> None:
    assert bool(beside(repeated("active-passive", "clean", [label, "l1"])).rows) == matches


def test_a_loss_of_the_users_own_is_none_of_theirs() -> None:
    made = repeated("active-passive", "clean", ["l1", "cross_entropy"])
    own = dataclasses.replace(made.losses[0], label="my.losses:Mine")
    assert [row.loss for row in beside(dataclasses.replace(made, losses=(own, made.losses[1]))).rows] == [
        "cross_entropy"
    ]


def test_a_recipe_of_its_own_is_said_and_takes_no_part_in_the_order() -> None:
    made = repeated("active-passive", "clean", ["gce(q=0.7)[lr=0.5]", "cross_entropy", "nce_mae"])
    first = dataclasses.replace(made.losses[0], overrides={"lr": 0.5})
    found = beside(dataclasses.replace(made, losses=(first, *made.losses[1:])))
    assert [row.overrides for row in found.rows] == ["lr=0.5", "", ""]
    assert found.orderings[0].losses == ("cross_entropy", "nce_mae")


def test_a_loss_without_a_finished_seed_has_a_row_and_no_difference() -> None:
    lost: dict[tuple[str, int], tuple[str, int, str]] = {("gce(q=0.7)", s): ("diverged", 1, "nan") for s in (1, 2, 3)}
    rows = {row.loss: row for row in beside(repeated("active-passive", "clean", status=lost)).rows}
    assert (rows["gce(q=0.7)"].mean, rows["gce(q=0.7)"].within, rows["gce(q=0.7)"].basis) == (None, None, "none")
    assert rows["cross_entropy"].within is not None


def test_the_order_is_counted_pair_by_pair() -> None:
    found = beside(repeated("active-passive", "noise(symmetric, 0.4)"))
    (order,) = found.orderings
    rows = {row.loss: row for row in found.rows}
    assert list(order.losses) == sorted(rows, key=lambda loss: -rows[loss].reported.mean)
    against = {
        pair
        for pair in combinations(order.losses, 2)
        if (rows[pair[0]].mean or 0) < (rows[pair[1]].mean or 0)  # published as better, worse here
    }
    assert set(order.otherwise) == against
    pairs = len(order.losses) * (len(order.losses) - 1) / 2
    assert order.tau == pytest.approx((pairs - 2 * len(against)) / pairs)  # no ties here


def test_of_a_calibration_error_less_is_better() -> None:
    made = repeated("calibration", "validation(0.1)", validation=10)
    orders = {order.metric: order for order in beside(made).orderings}
    assert set(orders) == {"test.accuracy", "test.ece", "test.ece_calibrated"}
    assert orders["test.ece"].losses[0] == "focal(gamma=3)"
    assert orders["test.ece_calibrated"].losses[0] == "flsd"
    assert orders["test.accuracy"].losses[0] == "cross_entropy"


def test_two_spellings_of_a_loss_count_once_in_the_order() -> None:
    found = beside(repeated("active-passive", "clean", ["gce", "gce(q=0.7)", "cross_entropy"]))
    assert [row.loss for row in found.rows] == ["gce", "gce(q=0.7)", "cross_entropy"]
    assert sorted(found.orderings[0].losses) == ["cross_entropy", "gce"]


def test_what_differs_in_the_setting_is_among_it() -> None:
    found = beside(repeated("active-passive", "train_size(0.1) + noise(symmetric, 0.4)"))
    said = list(map(str, found.differs))
    assert "training data a share of 0.1 instead of all of it" in said
    assert "model lenet5 instead of cnn8" in said
    assert "epochs 3 instead of 120" in said


@pytest.mark.parametrize(("low", "high", "within"), [(-0.1, 0.1, True), (0.1, 0.2, False), (None, None, None)])
def test_within_is_whether_the_interval_holds_nothing(
    low: float | None, high: float | None, within: bool | None
) -> None:
    row = published("long-tail").rows[0]
    assert Against("a", row, 0.7, 0.1, 3, 0.0, low, high, "both").within is within
