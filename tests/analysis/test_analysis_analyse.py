"""Results -> Analysis: estimates, ranking, leaders; what did not finish is counted and enters no mean."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from analysis_makers import EPOCHS, PICTURES, results
from scipy import stats

from lossbench.analysis import METRICS, analyse

VALUES = {
    "a": {1: 0.60, 2: 0.62, 3: 0.61, 4: 0.63},
    "b": {1: 0.50, 2: 0.53, 3: 0.51, 4: 0.52},
    "c": {1: 0.602, 2: 0.618, 3: 0.612, 4: 0.629},
}


def test_the_metrics() -> None:
    assert METRICS == ("loss", "accuracy", "precision", "recall", "f1", "nll", "brier", "ece")


def test_one_estimate_per_loss_split_and_metric_in_order() -> None:
    found = analyse(results(VALUES))
    expected = [(label, split, metric) for label in "abc" for split in ("train", "test") for metric in METRICS]
    assert [(e.loss, e.split, e.metric) for e in found.estimates] == expected
    assert {e.epoch for e in found.estimates} == {EPOCHS}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_estimates_are_numpys_and_scipys(metric: str, split: str) -> None:
    made = results(VALUES)
    found = analyse(made).estimate("b", metric, split)
    rows = made.history.filter(loss_function="b", split=split, epoch=EPOCHS).sort("seed")
    values = rows[metric].to_numpy()
    interval = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert found.seeds == (1, 2, 3, 4)
    assert found.values == tuple(values)
    assert found.mean == pytest.approx(values.mean(), abs=1e-14)
    assert found.sd == pytest.approx(values.std(ddof=1), abs=1e-14)
    assert (found.low, found.high) == pytest.approx(interval)
    assert (found.diverged, found.failed) == (0, 0)


def test_the_splits_differ_and_the_last_epoch_is_taken() -> None:
    found = analyse(results(VALUES))
    assert found.estimate("a").values == pytest.approx([v + 0.01 for v in VALUES["a"].values()])
    assert found.estimate("a", split="train").mean == pytest.approx(0.615 + 0.01 - 0.05)


def test_one_seed_has_no_spread_and_none_no_mean() -> None:
    found = analyse(results({"a": {1: 0.6}, "b": {}}))
    one, none = found.estimate("a"), found.estimate("b")
    assert one.mean == pytest.approx(0.61)
    assert (one.sd, one.low, one.high) == (None, None, None)
    assert (none.mean, none.sd, none.low, none.high, none.values, none.seeds) == (None, None, None, None, (), ())
    assert none.failed == 1


def test_a_diverged_trial_never_enters_a_mean() -> None:
    """Not even if it had a row of the last epoch."""
    values = {"a": {1: 0.6, 2: 0.62, 3: 0.1}, "b": VALUES["b"]}
    found = analyse(results(values, {("a", 3): "diverged"}))
    for split in ("train", "test"):
        estimate = found.estimate("a", split=split)
        assert estimate.seeds == (1, 2)
        assert (estimate.diverged, estimate.failed) == (1, 1)  # seed 4 is missing
    assert found.estimate("a").mean == pytest.approx(0.62)
    assert found.comparisons[0].seeds == 2


def test_failed_and_missing_are_counted_and_a_comparison_says_so() -> None:
    status = {("b", 2): "failed", ("b", 4): "missing"}
    found = analyse(results(VALUES, status))
    assert (found.estimate("b").seeds, found.estimate("b").failed, found.estimate("b").diverged) == ((1, 3), 2, 0)
    assert found.comparisons[0].seeds == 2


def test_a_diverged_winner_wins_nothing() -> None:
    status = {("a", 5): "diverged"}
    values = {"a": {**VALUES["a"], 5: 0.1}, "b": {**VALUES["b"], 5: 0.52}}
    found = analyse(results(values, status))
    assert found.comparisons[0].reason == "the better one diverged in other seeds"
    assert found.leaders == ("a", "b")
    assert analyse(results({k: VALUES[k] for k in "ab"})).leaders == ("a",)


def test_ranking_and_leaders() -> None:
    found = analyse(results(VALUES))
    assert found.ranking == ("c", "a", "b")
    assert found.leaders == ("c", "a")
    assert [(c.a, c.b, c.verdict) for c in found.comparisons] == [
        ("a", "b", "better"),
        ("a", "c", "equivalent"),
        ("b", "c", "worse"),
    ]


@pytest.mark.parametrize("metric", ["test.nll", "test.brier", "test.ece"])
def test_where_lower_is_better_the_ranking_turns(metric: str) -> None:
    found = analyse(results(VALUES, metric=metric))
    assert not found.higher_is_better
    assert (found.ranking, found.leaders) == (("b", "a", "c"), ("b",))
    assert {c.metric for c in found.comparisons} == {metric}
    assert found.comparisons[0].difference == pytest.approx(0.1)


@pytest.mark.parametrize("metric", ["test.accuracy", "test.precision", "test.recall", "test.f1"])
def test_where_higher_is_better(metric: str) -> None:
    found = analyse(results(VALUES, metric=metric, margin=0.5))
    assert (found.metric, found.margin, found.higher_is_better) == (metric, 0.5, True)
    assert {c.verdict for c in found.comparisons} == {"equivalent"}, "the plan's margin is the one that counts"


def test_the_unfinished_are_last_and_lead_nothing() -> None:
    found = analyse(results({"x": {}, **VALUES}))
    assert found.ranking == ("c", "a", "b", "x")
    assert found.leaders == ("c", "a")
    lower = analyse(results({"x": {}, **VALUES}, metric="test.nll"))
    assert lower.ranking[-1] == "x"


def test_nothing_finished() -> None:
    found = analyse(results({"a": {}, "b": {}}, {("a", 1): "failed", ("b", 1): "missing"}))
    assert (found.ranking, found.leaders) == (("a", "b"), ())
    assert found.comparisons[0].reason == "no seed finished both"
    assert {e.failed for e in found.estimates} == {1}


def test_one_loss_alone() -> None:
    found = analyse(results({"a": VALUES["a"]}))
    assert (found.ranking, found.leaders, found.comparisons) == (("a",), ("a",), ())


def test_equal_means_keep_the_studys_order() -> None:
    found = analyse(results({"b": VALUES["a"], "a": VALUES["a"]}))
    assert found.ranking == ("b", "a")


def test_running_metrics_are_named_as_such() -> None:
    found = analyse(results(VALUES, train_metrics="running"))
    assert [e.split for e in found.estimates[:: len(METRICS)]] == ["train_running", "test"] * 3
    assert found.estimate("a", split="train").split == "train_running"
    assert found.estimate("a", split="train").mean is not None


def test_the_validation_split_is_estimated_where_there_is_one() -> None:
    found = analyse(results(VALUES, validation=100))
    assert [e.split for e in found.estimates[:: len(METRICS)]] == ["train", "validation", "test"] * 3
    assert found.estimate("a", split="validation").mean == pytest.approx(0.615 + 0.01 - 0.05)
    with pytest.raises(StopIteration):
        analyse(results(VALUES)).estimate("a", split="validation")


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    made = results(VALUES, {("b", 2): "diverged"}, validation=100)
    shuffled = dataclasses.replace(
        made,
        history=made.history.sample(fraction=1, shuffle=True, seed=seed),
        trials=made.trials.sample(fraction=1, shuffle=True, seed=seed),
    )
    assert analyse(shuffled) == analyse(made)


def test_the_results_are_left_as_they_were() -> None:
    made = results(VALUES)
    before = made.history.clone(), made.trials.clone()
    analyse(made)
    assert made.history.equals(before[0])
    assert made.trials.equals(before[1])


def test_one_seed_takes_its_interval_from_the_pictures_for_accuracy_only() -> None:
    generator = np.random.default_rng(0)
    correct = {name: {1: generator.random(PICTURES) < 0.6} for name in "ab"}
    values = {name: {1: float(right[1].mean()) - 0.01} for name, right in correct.items()}
    found = analyse(results(values, correct=correct)).comparisons[0]
    d = correct["a"][1].astype(float) - correct["b"][1]
    half = 1.959963984540054 * d.std(ddof=1) / PICTURES**0.5
    assert (found.low, found.high) == pytest.approx((d.mean() - half, d.mean() + half))
    other = analyse(results(values, correct=correct, metric="test.precision")).comparisons[0]
    assert (other.low, other.high) == (None, None)


def test_the_floor_is_that_of_the_test_pictures() -> None:
    found = analyse(results({"a": VALUES["a"], "b": VALUES["a"]})).comparisons[0]
    assert found.high == pytest.approx(stats.t.ppf(0.975, 3) * (1 / (6 * PICTURES**2) / 4) ** 0.5)


def test_an_estimate_that_is_not_there_is_not_made_up() -> None:
    with pytest.raises(StopIteration):
        analyse(results(VALUES)).estimate("nobody")


def test_neither_torch_nor_the_catalogue_is_imported() -> None:
    code = (
        "import sys, lossbench.analysis; "
        "sys.exit(any(name == 'torch' or name.startswith('lossbench.losses') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
