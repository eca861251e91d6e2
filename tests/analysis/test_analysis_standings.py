"""Standings: simultaneous ranks, divergence, collapse."""

from __future__ import annotations

import pytest
from analysis_makers import results
from scipy import stats

from lossbench.analysis import Analysis, analyse
from lossbench.analysis.standings import at_chance

NOISE = {1: 0.001, 2: -0.001, 3: 0.0005, 4: -0.0005, 5: 0.0}


def values(**means: float) -> dict[str, dict[int, float]]:
    signs = (1, -2, 3, -1.5)
    return {
        loss: {seed: mean + noise * signs[k % 4] for seed, noise in NOISE.items()}
        for k, (loss, mean) in enumerate(means.items())
    }


def ranks(analysis: Analysis) -> dict[str, tuple[int | None, int | None]]:
    return {s.loss: (s.rank_low, s.rank_high) for s in analysis.standings}


def test_ranks_count_what_is_shown() -> None:
    analysis = analyse(results(values(a=0.9, b=0.8, c=0.8001, d=0.7)))
    assert ranks(analysis) == {"a": (1, 1), "b": (2, 3), "c": (2, 3), "d": (4, 4)}
    assert [s.best for s in analysis.standings] == [True, False, False, False]


def test_a_small_but_real_difference_ranks() -> None:
    analysis = analyse(results(values(a=0.9, b=0.896), margin=0.05))
    assert analysis.comparisons[0].verdict == "equivalent"
    assert analysis.comparisons[0].real
    assert ranks(analysis) == {"a": (1, 1), "b": (2, 2)}


def test_the_lower_is_better_metrics_rank_the_other_way() -> None:
    analysis = analyse(results(values(a=0.9, b=0.8), metric="test.nll"))
    assert ranks(analysis) == {"a": (2, 2), "b": (1, 1)}
    assert [s.best for s in analysis.standings] == [False, True]


def test_divergence_is_a_quantity_of_its_own() -> None:
    made = values(a=0.9, b=0.8)
    analysis = analyse(results(made, {("a", 2): "diverged", ("a", 4): "diverged", ("b", 1): "failed"}))
    a, b = analysis.standings
    assert (a.finished, a.diverged, a.failed) == (3, 2, 0)
    interval = stats.binomtest(2, 5).proportion_ci(method="exact")
    assert (a.diverged_low, a.diverged_high) == pytest.approx((interval.low, interval.high), rel=1e-10)
    assert (b.finished, b.diverged, b.failed) == (4, 0, 1)
    assert (b.diverged_low, b.diverged_high) == pytest.approx((0, 1 - 0.025 ** (1 / 4)))


def test_a_loss_that_never_finished_has_no_rank() -> None:
    made = values(a=0.9, b=0.8)
    analysis = analyse(results(made, {("b", seed): "failed" for seed in NOISE}))
    b = analysis.standings[1]
    assert (b.rank_low, b.rank_high, b.best, b.p_best, b.diverged_low, b.failed) == (None, None, None, None, None, 5)


def test_one_seed_leaves_everything_open() -> None:
    analysis = analyse(results({"a": {1: 0.9}, "b": {1: 0.5}}))
    assert ranks(analysis) == {"a": (1, 2), "b": (1, 2)}
    assert [s.best for s in analysis.standings] == [None, None]


def test_collapsed_seeds_are_those_that_guessing_explains() -> None:
    made = {"a": {1: 0.5, 2: 0.53, 3: 0.9}, "b": {1: 0.9, 2: 0.9, 3: 0.9}}
    # accuracy is the second metric of the makers, and lies 0.01 above what is given
    a, b = analyse(results(made)).standings
    assert (a.collapsed, b.collapsed) == (2, 0)


def test_chance_is_three_standard_deviations_wide() -> None:
    assert at_chance([0.1, 0.108, 0.0911, 0.1091], 10, 10_000) == [True, True, True, False]
    assert at_chance([0.1], 0, 10_000) == at_chance([0.1], 10, 0) == [False]


def test_the_other_metrics_are_families_of_their_own() -> None:
    analysis = analyse(results(values(a=0.9, b=0.8, c=0.7)))
    assert {c.metric for c in analysis.secondary} == {
        f"test.{name}" for name in ("precision", "recall", "f1", "nll", "brier", "ece")
    }
    nll = [c for c in analysis.secondary if c.metric == "test.nll"]
    assert [(c.a, c.b, c.verdict) for c in nll] == [("a", "b", "worse"), ("a", "c", "worse"), ("b", "c", "worse")]
