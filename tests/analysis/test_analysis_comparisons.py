"""Paired comparisons: against scipy and statsmodels, and every verdict with every reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from lossbench.analysis import Comparison
from lossbench.analysis.comparisons import compare_all
from lossbench.analysis.family import Arm, Family, Question

PICTURES = 10_000
MARGIN = 0.01


def arm(
    label: str,
    values: Sequence[float] | Mapping[int, float],
    diverged: int = 0,
    correct: Mapping[int, np.ndarray] | None = None,
) -> Arm:
    by_seed = values if isinstance(values, Mapping) else dict(enumerate(values, 1))
    return Arm(label, by_seed, correct or {}, diverged)


def compare(a: Arm, b: Arm, metric: str = "test.accuracy", margin: float = MARGIN) -> Comparison:
    higher = metric.split(".")[1] in ("accuracy", "precision", "recall", "f1")
    (comparison,) = compare_all(Family([a, b], Question(metric, margin, higher, PICTURES)))
    return comparison


def all_pairs(arms: Sequence[Arm], margin: float = MARGIN, classes: int = 0) -> tuple[Comparison, ...]:
    return compare_all(Family(arms, Question("test.accuracy", margin, True, PICTURES, classes)))


@pytest.mark.parametrize("seed", range(10))
def test_every_number_is_the_libraries(seed: int) -> None:
    generator = np.random.default_rng(seed)
    losses, n = int(generator.integers(2, 7)), int(generator.integers(2, 9))
    values = {f"l{i}": 0.5 + generator.normal(0, 0.02, n) + generator.normal(0, 0.02) for i in range(losses)}
    margin = float(generator.uniform(0.005, 0.05))
    found = all_pairs([arm(k, list(v)) for k, v in values.items()], margin)
    assert [(c.a, c.b) for c in found] == list(combinations(values, 2))
    tests = [stats.ttest_rel(values[c.a], values[c.b]) for c in found]
    equivalence = [ttost_paired(values[c.a], values[c.b], -margin, margin)[0] for c in found]
    differences = [float(test.pvalue) for test in tests]
    adjusted, adjusted_equivalence = (multipletests(p, method="holm")[1] for p in (differences, equivalence))
    for place, (c, test) in enumerate(zip(found, tests, strict=True)):
        d = values[c.a] - values[c.b]
        interval = test.confidence_interval(0.95)
        ours = [c.difference, c.low, c.high, c.p_difference, c.p_adjusted, c.p_equivalence]
        theirs = [d.mean(), interval.low, interval.high, test.pvalue, adjusted[place], adjusted_equivalence[place]]
        np.testing.assert_allclose(np.array(ours, dtype=float), theirs, rtol=1e-10, atol=1e-10)
        assert c.seeds == n
        assert c.probability_of_superiority == np.mean(d > 0)


SPREAD = np.array([-0.002, 0.001, 0.0, 0.002, -0.001])  # sums to 0; standard deviation 0.00158
BASE = 0.5 + np.array([0.0, 0.01, 0.02, 0.03, 0.04])


def pair(shift: float, spread: float = 1.0, n: int = 5) -> tuple[list[float], list[float]]:
    """Values of a and b whose paired differences have mean `shift`."""
    return list(BASE[:n] + shift + (SPREAD * spread)[:n]), list(BASE[:n])


@pytest.mark.parametrize(
    ("shift", "spread", "verdict", "reason"),
    [
        (0.05, 1, "better", ""),
        (-0.05, 1, "worse", ""),
        (0.0, 1, "equivalent", ""),
        (0.0, 5.8, "equivalent", ""),  # the 90 % interval is inside the margin, the 95 % interval is not
        (0.001, 1, "equivalent", ""),
        (-0.001, 1, "equivalent", ""),
        (0.005, 1, "equivalent", "real, but below the margin"),
        (-0.005, 1, "equivalent", "real, but below the margin"),
        (0.0095, 1, "better", ""),
        (-0.0105, 1, "worse", ""),
        (0.01, 20, "undecided", "not significant"),
        (-0.01, 20, "undecided", "not significant"),
        (0.0, 20, "undecided", "not significant"),
    ],
)
def test_verdicts(shift: float, spread: float, verdict: str, reason: str) -> None:
    a, b = pair(shift, spread)
    c = compare(arm("a", a), arm("b", b))
    assert (c.verdict, c.reason) == (verdict, reason)
    assert c.difference == pytest.approx(shift)
    turned = compare(arm("b", b), arm("a", a))
    opposite = {"better": "worse", "worse": "better"}
    assert (turned.verdict, turned.reason) == (opposite.get(verdict, verdict), reason)
    assert turned.low is not None
    assert turned.high is not None
    assert (c.low, c.high) == pytest.approx((-turned.high, -turned.low))
    assert (c.p_adjusted, c.p_equivalence) == pytest.approx((turned.p_adjusted, turned.p_equivalence))


@pytest.mark.parametrize("metric", ["test.nll", "test.brier", "test.ece", "test.loss"])
def test_lower_is_better(metric: str) -> None:
    a, b = pair(-0.05)
    c = compare(arm("a", a), arm("b", b), metric)
    assert c.verdict == "better"
    assert c.difference == pytest.approx(-0.05)
    assert c.probability_of_superiority == 1, "a is the better one in every seed"
    assert compare(arm("b", b), arm("a", a), metric).verdict == "worse"
    assert compare(arm("b", b), arm("a", a), metric).probability_of_superiority == 0


def test_superiority_counts_ties_half() -> None:
    c = compare(arm("a", [0.6, 0.5, 0.4, 0.5]), arm("b", [0.5, 0.5, 0.5, 0.4]))
    assert c.probability_of_superiority == (2 + 0.5) / 4
    c = compare(arm("a", [0.6, 0.5, 0.4, 0.5]), arm("b", [0.5, 0.5, 0.5, 0.4]), "test.nll")
    assert c.probability_of_superiority == (1 + 0.5) / 4


def test_only_common_seeds_count_and_their_order_does_not() -> None:
    a, b = arm("a", {5: 0.6, 1: 0.7, 2: 0.9, 3: 0.65}), arm("b", {3: 0.5, 1: 0.52, 5: 0.51, 9: 0.1})
    c = compare(a, b)
    d = np.array([0.18, 0.15, 0.09])
    assert c.seeds == 3
    assert c.difference == pytest.approx(d.mean())
    assert c.p_difference == pytest.approx(stats.ttest_1samp(d, 0).pvalue)


def test_no_common_seed() -> None:
    c = compare(arm("a", {1: 0.5}), arm("b", {2: 0.5}))
    assert (c.verdict, c.reason, c.seeds) == ("undecided", "no seed finished both", 0)
    numbers = (c.difference, c.low, c.high, c.p_difference, c.p_adjusted, c.p_equivalence)
    assert {*numbers, c.probability_of_superiority} == {None}


def test_one_seed_has_the_interval_over_pictures() -> None:
    generator = np.random.default_rng(0)
    right_a, right_b = generator.random(400) < 0.7, generator.random(400) < 0.6
    correct = {"a": {7: right_a, 8: ~right_a}, "b": {7: right_b}}
    a = arm("a", {7: right_a.mean(), 8: 0.1}, correct=correct["a"])
    b = arm("b", {7: right_b.mean()}, correct=correct["b"])
    c = compare(a, b)
    assert (c.verdict, c.reason, c.seeds) == ("undecided", "one seed: these trained networks only", 1)
    d = right_a.astype(float) - right_b
    assert c.difference == pytest.approx(d.mean())
    half = 1.959963984540054 * d.std(ddof=1) / 20
    assert (c.low, c.high) == pytest.approx((d.mean() - half, d.mean() + half))
    assert {c.p_difference, c.p_adjusted, c.p_equivalence} == {None}
    assert c.probability_of_superiority == 1


def test_one_seed_of_a_metric_without_pictures_has_no_interval() -> None:
    c = compare(arm("a", {1: 0.5}), arm("b", {1: 0.9}), "test.nll")
    assert c.difference == pytest.approx(-0.4)
    assert (c.low, c.high) == (None, None)
    assert c.reason == "one seed: these trained networks only"


def test_two_seeds_make_no_winner_but_an_equivalence() -> None:
    c = compare(arm("a", [0.9, 0.9001]), arm("b", [0.5, 0.5]))
    assert c.p_adjusted is not None
    assert c.p_adjusted < 0.05
    assert (c.verdict, c.reason) == ("undecided", "fewer than 3 seeds")
    assert compare(arm("a", [0.5, 0.5001]), arm("b", [0.5, 0.5])).verdict == "equivalent"


@pytest.mark.parametrize("sign", [1, -1])
def test_the_better_one_must_not_have_diverged(sign: int) -> None:
    values = pair(0.05 * sign)
    for diverged in ((1, 0), (0, 1), (1, 1), (0, 0)):
        c = compare(arm("a", values[0], diverged[0]), arm("b", values[1], diverged[1]))
        winner_diverged = diverged[0] if sign > 0 else diverged[1]
        if winner_diverged:
            assert (c.verdict, c.reason) == ("undecided", "the better one diverged in other seeds")
        else:
            assert (c.verdict, c.reason) == ("better" if sign > 0 else "worse", "")


def test_the_better_one_by_a_lower_metric_must_not_have_diverged() -> None:
    a, b = pair(-0.05)
    assert compare(arm("a", a, 1), arm("b", b), "test.nll").reason == "the better one diverged in other seeds"
    assert compare(arm("a", a), arm("b", b, 1), "test.nll").verdict == "better"


@pytest.mark.parametrize("diverged", [(1, 0), (0, 1), (2, 3)])
def test_equivalence_needs_that_neither_diverged(diverged: tuple[int, int]) -> None:
    a, b = pair(0.0)
    c = compare(arm("a", a, diverged[0]), arm("b", b, diverged[1]))
    assert (c.verdict, c.reason) == ("undecided", "a loss diverged in other seeds")


def test_a_real_small_difference_to_one_that_diverged_is_a_difference() -> None:
    a, b = pair(0.005)
    assert compare(arm("a", a), arm("b", b, 1)).verdict == "better"


def test_one_that_always_diverged() -> None:
    a, _ = pair(0.0)
    assert "diverged" in compare(arm("a", a), arm("b", {}, 5)).reason


def test_the_same_counts_in_every_seed_have_the_rounding_floor() -> None:
    """Nothing is known more finely than a picture: the variance is at least 1 / (6 m²)."""
    c = compare(arm("a", BASE.tolist()), arm("b", BASE.tolist()))
    half = stats.t.ppf(0.975, 4) * np.sqrt(1 / (6 * PICTURES**2) / 5)
    assert (c.difference, c.low, c.high) == pytest.approx((0, -half, half))
    assert (c.verdict, c.p_difference) == ("equivalent", 1)
    one = compare(arm("a", [0.75] * 5), arm("b", [0.5] * 5))
    assert one.verdict == "better"
    assert one.low == pytest.approx(0.25 - half)


def test_above_the_floor_it_does_not_matter() -> None:
    c = compare(arm("a", [0.5, 0.5 + 2 / PICTURES, 0.5]), arm("b", [0.5] * 3))
    assert c.p_difference == pytest.approx(stats.ttest_1samp([0, 2 / PICTURES, 0], 0).pvalue)


def test_a_metric_that_is_not_counted_has_no_floor() -> None:
    c = compare(arm("a", [0.75] * 5), arm("b", [0.5] * 5), "test.nll")
    assert (c.verdict, c.reason) == ("undecided", "the difference is the same in every seed")
    assert (c.difference, c.low, c.high, c.p_difference) == (0.25, None, None, None)


def test_holm_runs_over_pairs_with_a_p_value_only() -> None:
    a, b = pair(0.02, 5)
    alone = compare(arm("a", a), arm("b", b))
    among = all_pairs([arm("a", a), arm("b", b), arm("c", {99: 0.1})])
    assert among[0] == alone
    assert [c.p_adjusted for c in among[1:]] == [None, None]


def test_many_pairs_ask_for_more() -> None:
    """One pair that is significant alone is not among many."""
    a, b = pair(0.02, 8)
    alone = compare(arm("a", a), arm("b", b))
    assert alone.verdict == "better"
    others = [arm(f"o{i}", list(BASE + SPREAD[::-1] * i * 9)) for i in range(4)]
    among = all_pairs([arm("a", a), arm("b", b), *others])[0]
    assert among.p_difference == alone.p_difference
    assert (among.verdict, among.reason) == ("undecided", "not significant")


def test_the_margin_decides_equivalence() -> None:
    a, b = pair(0.02, 1)
    assert compare(arm("a", a), arm("b", b), margin=0.01).verdict == "better"
    wide = compare(arm("a", a), arm("b", b), margin=0.03)
    assert (wide.verdict, wide.reason) == ("equivalent", "real, but below the margin")


@pytest.mark.parametrize("seed", range(40))
def test_verdicts_keep_their_word(seed: int) -> None:
    """Whatever the numbers: a winner's interval excludes 0 on its side, an equivalent one's 90 % lies in the margin."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(2, 6))
    arms = [arm(f"l{i}", list(0.5 + generator.normal(0, 0.004, n) + 0.01 * generator.normal())) for i in range(3)]
    for c in all_pairs(arms):
        assert c.low is not None
        assert c.high is not None
        assert c.difference is not None
        if c.verdict == "better":
            assert c.low > 0
            assert n >= 3
        if c.verdict == "worse":
            assert c.high < 0
        if c.verdict == "equivalent":
            half = (c.high - c.low) / 2 * stats.t.ppf(0.95, n - 1) / stats.t.ppf(0.975, n - 1)
            assert abs(c.difference) + half < MARGIN
        assert (c.verdict == "undecided") <= bool(c.reason)
