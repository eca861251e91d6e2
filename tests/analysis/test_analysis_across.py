"""What is concluded across conditions, against formulas of another form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

from across_makers import LOSSES, condition, noisy
from lossbench.analysis import Comparison, Estimate, Within
from lossbench.analysis.across import Across, Crossing, across
from lossbench.spec import TUNED


@pytest.fixture(scope="module")
def noise() -> Across:
    return across(noisy())


def given(item: Within, values: Mapping[str, Sequence[float]]) -> Within:
    """The same condition with other values by loss and seed, and without verdicts."""
    estimates = tuple(_given(e, values) for e in item.analysis.estimates)
    comparisons = tuple(
        replace(c, difference=float(np.mean(np.subtract(values[c.a], values[c.b]))), verdict="undecided")
        for c in item.analysis.comparisons
    )
    return replace(item, analysis=replace(item.analysis, estimates=estimates, comparisons=comparisons))


def _given(item: Estimate, values: Mapping[str, Sequence[float]]) -> Estimate:
    if not item.overall or (item.split, item.metric) != ("test", "accuracy"):
        return item
    own = tuple(values[item.loss])
    return replace(item, seeds=tuple(range(1, len(own) + 1)), values=own, mean=float(np.mean(own)))


def verdict(item: Within, a: str, b: str, said: str) -> Within:
    """The same condition with another verdict on one pair."""

    def changed(c: Comparison) -> Comparison:
        return replace(c, verdict=said) if (c.a, c.b) == (a, b) else c  # type: ignore[arg-type] # a verdict, as text

    return replace(item, analysis=replace(item.analysis, comparisons=tuple(map(changed, item.analysis.comparisons))))


def line(differences: Sequence[Sequence[float]], rates: Sequence[float] = (0.1, 0.3, 0.5, 0.7)) -> list[Within]:
    """Two losses along noise rates, the first ahead of the second by so much in each seed."""
    pair = LOSSES[:2]
    return [
        given(
            condition("mlp", f"noise(symmetric, {rate})", (0.5, 0.5), losses=pair, seeds=len(d)),
            {pair[0]: [base(seed) + x for seed, x in enumerate(d)], pair[1]: [base(seed) for seed in range(len(d))]},
        )
        for rate, d in zip(rates, differences, strict=False)
    ]


def base(seed: int) -> float:
    return 0.5 + 0.003 * seed


def only(within: Sequence[Within]) -> Crossing:
    """The one crossing of the one series."""
    ((found,),) = across(within).crossings
    return found


def test_conditions_that_differ_in_the_noise_rate_alone_are_a_series(noise: Across) -> None:
    assert [(series.model, series.axis, series.form) for series in noise.series] == [
        ("mlp", "noise", "symmetric"),
        ("cnn", "noise", "symmetric"),
    ]
    for series in noise.series:
        assert [level.value for level in series.levels] == [0.0, 0.2, 0.4]
        assert {level.lined.condition.model for level in series.levels} == {series.model}
        rates, items = zip(*series.points("mae"), strict=True)
        assert rates == (0.0, 0.2, 0.4)
        assert [item.mean for item in items] == [
            level.lined.within.analysis.estimate("mae").mean for level in series.levels
        ]


@pytest.mark.parametrize(
    ("scenarios", "axis", "form", "others", "values"),
    [
        (["noise(pair, 0.2)", "noise(symmetric, 0.2)", "noise(pair, 0.4)"], "noise", "pair", "clean", [0.2, 0.4]),
        (["imbalance(exponential, 9)", "imbalance(step, 10)", "clean"], "imbalance", "exponential", "clean", [1, 9]),
        (
            ["imbalance(step, 10) + noise(symmetric, 0.2)", "imbalance(step, 50) + noise(symmetric, 0.2)", "clean"],
            "imbalance", "step", "noise(symmetric, 0.2)", [10, 50],
        ),
        (["train_size(0.1)", "train_size(0.5)", "clean"], "train_size", "share", "clean", [0.1, 0.5, 1]),
        (["train_size(100)", "clean"], "train_size", "pictures", "clean", [100, 50_000]),
        (
            ["validation(0.1)", "validation(0.1, clean) + noise(symmetric, 0.2)", "noise(symmetric, 0.4)"],
            "noise", "symmetric", "validation(0.1)", [0, 0.2],
        ),
        (["clean", "noise(symmetric, 0.2, split_seed=3)"], "noise", "symmetric", "clean", [0, 0.2]),
    ],
)  # fmt: skip
def test_a_series_has_one_kind_and_the_condition_without_it(
    scenarios: Sequence[str], axis: str, form: str, others: str, values: Sequence[float]
) -> None:
    made = [condition("mlp", scenario, (0.5, 0.4), losses=LOSSES[:2], seeds=2, epochs=1) for scenario in scenarios]
    found = [s for s in across(made).series if (s.axis, s.form) == (axis, form)]
    assert [(s.others, [level.value for level in s.levels]) for s in found] == [(others, values)]


def test_one_level_alone_is_no_series() -> None:
    made = [condition("mlp", s, (0.5, 0.4), losses=LOSSES[:2], seeds=2) for s in ("noise(file, 'a.npz')", "clean")]
    assert across(made).series == ()


def test_two_losses_cross_where_the_line_meets_zero() -> None:
    found = only(line([[0.02, 0.02], [-0.06, -0.06]]))
    assert (found.a, found.b) == LOSSES[:2]
    assert (found.below, found.above) == (0.1, 0.3)
    assert found.at == pytest.approx(0.15)
    assert (found.low, found.high) == (None, None)  # the same in every seed: no spread to judge by
    assert not found.shown


def test_the_crossing_of_factors_is_found_on_a_logarithmic_axis() -> None:
    made = line([[0.02, 0.02], [-0.02, -0.02]])
    scenarios = ("imbalance(step, 10)", "imbalance(step, 1000)")
    turned = [
        replace(item, condition=replace(item.condition, scenario=scenario))
        for item, scenario in zip(made, scenarios, strict=True)
    ]
    assert only(turned).at == pytest.approx(100)


def test_the_interval_of_a_crossing_is_where_a_t_test_along_the_line_shows_no_difference() -> None:
    left, right = [0.030, 0.022, 0.027, 0.035, 0.019], [-0.041, -0.050, -0.028, -0.036, -0.047]
    found = only(line([left, right]))

    def beyond(share: float) -> float:
        along = (1 - share) * np.array(left) + share * np.array(right)
        return float(stats.ttest_1samp(along, 0).pvalue) - 0.05

    middle = (found.at - 0.1) / 0.2
    ends = [0.1 + 0.2 * optimize.brentq(beyond, *bounds) for bounds in ((0, middle), (middle, 1))]
    assert (found.low, found.high) == pytest.approx(ends)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.at < found.high


def test_an_interval_ends_at_a_level_that_it_may_reach_beyond() -> None:
    open_below = only(line([[0.03, -0.01, 0.02], [-0.03, -0.04, -0.05]]))
    assert open_below.low == open_below.below
    assert open_below.high is not None
    assert open_below.at < open_below.high < open_below.above
    whole = only(line([[0.03, -0.01, 0.02], [-0.03, 0.01, -0.03]]))
    assert (whole.low, whole.high) == (whole.below, whole.above)


def test_an_interval_holds_the_true_crossing_as_often_as_it_says() -> None:
    template, rng, held = line([[0.01] * 3, [-0.05] * 3]), np.random.default_rng(1), []
    for _ in range(400):
        drawn = np.array([[0.01], [-0.05]]) + 0.01 * rng.normal(size=(2, 3))
        made = [
            given(
                item, {LOSSES[0]: [base(seed) + x for seed, x in enumerate(d)], LOSSES[1]: [base(s) for s in range(3)]}
            )
            for item, d in zip(template, drawn, strict=True)
        ]
        for found in across(made).crossings[0]:
            assert found.low is not None
            assert found.high is not None
            held.append(found.low <= 0.1 + 0.2 / 6 <= found.high)
    assert len(held) > 300
    assert np.mean(held) > 0.925  # of 0.95: four standard deviations below are 0.91


def test_a_crossing_is_shown_by_the_nearest_verdicts_on_both_sides() -> None:
    made = line([[0.03] * 2, [0.01] * 2, [-0.01] * 2, [-0.03] * 2])
    first, *between, last = made
    first, last = verdict(first, *LOSSES[:2], "better"), verdict(last, *LOSSES[:2], "worse")
    found = only([first, *between, last])
    assert (found.below, found.above, found.shown) == (0.3, 0.5, True)
    assert not only([first, *between, made[-1]]).shown
    again = across([first, *line([[-0.01] * 2, [0.01] * 2], (0.3, 0.5)), last])
    assert [item.shown for item in again.crossings[0]] == [False, False, False]


def test_exactly_alike_at_a_level_is_a_crossing_between_its_neighbours() -> None:
    found = only(line([[0.02] * 2, [0.0] * 2, [-0.02] * 2]))
    assert (found.below, found.above) == (0.1, 0.5)
    assert found.at == pytest.approx(0.3)


def test_nothing_crosses_where_signs_stay_or_nothing_finished() -> None:
    assert across(line([[0.02] * 2, [0.01] * 2])).crossings == ((),)
    lost = {(LOSSES[0], seed): ("diverged", 1, "x") for seed in range(1, 5)}
    made = [
        condition("mlp", "clean", (0.9, 0.5, 0.4)),
        condition("mlp", "noise(pair, 0.2)", (0.9, 0.8, 0.4), status=lost),
    ]
    found = across(made)
    assert found.crossings == ((),)
    assert [value for value, _ in found.series[0].points(LOSSES[0])] == [0.0]


def test_the_ranking_of_two_conditions_has_kendalls_tau() -> None:
    ends = {"a": (0.9, 0.8, 0.7, 0.6), "b": (0.8, 0.9, 0.5, 0.6)}
    losses = ("w", "x", "y", "z")
    made = [condition(model, "clean", values, losses=losses) for model, values in ends.items()]
    (found,) = across(made).carried
    assert (found.by, found.losses) == ("model", 4)
    concordant = [
        (one[i] - one[j]) * (other[i] - other[j]) > 0
        for one, other in [tuple(ends.values())]
        for i in range(4)
        for j in range(i)
    ]
    assert found.tau == pytest.approx((sum(concordant) - (6 - sum(concordant))) / 6)
    assert [(pair.a, pair.b) for pair in found.pairs if pair.turns] == [("w", "x"), ("y", "z")]
    assert sum(pair.holds for pair in found.pairs) == 4
    assert not any(pair.opens for pair in found.pairs)


def test_conditions_that_differ_in_two_things_are_not_held_together(noise: Across) -> None:
    differing = [[x != y for x, y in zip(_parts(item.here), _parts(item.there), strict=True)] for item in noise.carried]
    assert {sum(each) for each in differing} == {1}
    assert len(noise.carried) == 2 * 3 + 3


def _parts(condition: object) -> tuple[str, str, str]:
    return tuple(getattr(condition, name) for name in ("model", "scenario", "recipe"))


def test_with_one_loss_there_is_no_ranking() -> None:
    made = [condition(model, "clean", (0.9,), losses=("ce",)) for model in ("a", "b")]
    (found,) = across(made).carried
    assert (found.tau, found.pairs) == (None, ())


def test_who_is_best_where(noise: Across) -> None:
    assert [item.leader for item in noise.lined] == ["cross_entropy", "gce(q=0.7)", "gce(q=0.7)"] * 2
    assert [condition.scenario for condition in noise.best["gce(q=0.7)"]] == [
        "noise(symmetric, 0.2)",
        "noise(symmetric, 0.4)",
    ] * 2
    assert noise.best["mae"] == ()
    assert noise.ranking == ("gce(q=0.7)", "cross_entropy", "mae")


def test_tuned_losses_are_matched_by_their_place_and_gains_are_paired() -> None:
    chosen = ("cross_entropy[lr=0.5]", "gce(q=0.5)", "mae[lr=1.0]")
    made = [
        condition("mlp", "clean", (0.9, 0.8, 0.6)),
        condition("mlp", "clean", (0.88, 0.85, 0.92), TUNED, chosen),
    ]
    found = across(made)
    assert found.losses == LOSSES
    (held,) = found.tuned
    for gain, loss, label in zip(held.gains, LOSSES, chosen, strict=True):
        assert (gain.loss, gain.chosen, gain.seeds) == (loss, label, 4)
        before, after = (item.analysis.estimate(name).values for item, name in zip(made, (loss, label), strict=True))
        expected = stats.ttest_rel(after, before)
        assert gain.mean == pytest.approx(np.mean(after) - np.mean(before))
        assert (gain.low, gain.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    changed = {(pair.a, pair.b): (pair.here.verdict, pair.there.verdict) for pair in held.carried.pairs if pair.changes}
    assert changed[LOSSES[0], LOSSES[2]] == ("better", "worse")
    assert held.carried.tau is not None
    assert found.ranking[0] == "cross_entropy"


def test_a_gain_without_a_common_seed_is_none() -> None:
    lost = {("mae", seed): ("diverged", 1, "x") for seed in range(1, 5)}
    made = [
        condition("mlp", "clean", (0.9, 0.8, 0.6)),
        condition("mlp", "clean", (0.9, 0.8, 0.6), TUNED, ("a", "b", "mae"), status=lost),
    ]
    gain = across(made).tuned[0].gains[2]
    assert (gain.seeds, gain.mean, gain.low) == (0, None, None)
    assert not any(
        math.isnan(value) for g in across(made).tuned[0].gains for value in (g.mean, g.low) if value is not None
    )
