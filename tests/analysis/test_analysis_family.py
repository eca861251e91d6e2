"""Families of comparisons: looks, new pictures, moderated variances, losses that always diverged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from analysis_makers import results
from scipy import stats

from lossbench.analysis.comparisons import compare_all
from lossbench.analysis.family import Arm, Family, Question
from lossbench.analysis.looks import WEIGHTS, looks_taken
from lossbench.spec import LOOKS

QUESTION = Question("test.accuracy", 0.01, True, pictures=10_000, classes=10)


def arm(
    label: str, values: Sequence[float], diverged: int = 0, per_picture: Mapping[int, np.ndarray] | None = None
) -> Arm:
    return Arm(label, dict(enumerate(values, 1)), per_picture or {}, diverged)


def drawn(seed: int, losses: int, n: int, spread: float = 0.003) -> list[Arm]:
    generator = np.random.default_rng(seed)
    common = generator.normal(0.6, 0.01, n)
    return [arm(f"l{k}", list(common + generator.normal(0.001 * k, spread, n))) for k in range(losses)]


# ---- a loss that diverged in every seed


def test_against_one_that_never_diverged_it_counts_as_guessing() -> None:
    values = [0.5, 0.51, 0.52, 0.5, 0.53]
    (c,) = compare_all(Family([arm("a", values), arm("b", [], 5)], QUESTION))
    test = stats.ttest_1samp(np.array(values) - 0.1, 0)
    assert (c.verdict, c.reason) == ("better", "b diverged in every seed and counts as guessing")
    assert (c.difference, c.p_difference) == pytest.approx((np.mean(values) - 0.1, test.pvalue), rel=1e-10)
    (turned,) = compare_all(Family([arm("b", [], 5), arm("a", values)], QUESTION))
    assert turned.verdict == "worse"
    assert turned.difference == pytest.approx(0.1 - np.mean(values))


@pytest.mark.parametrize(
    ("question", "diverged"),
    [
        (replace(QUESTION, metric="test.f1"), 0),
        (replace(QUESTION, metric="test.nll", higher_is_better=False), 0),
        (replace(QUESTION, classes=0), 0),
        (QUESTION, 1),
    ],
)
def test_otherwise_nothing_is_made_up(question: Question, diverged: int) -> None:
    (c,) = compare_all(Family([arm("a", [0.5, 0.51, 0.52], diverged), arm("b", [], 5)], question))
    assert (c.verdict, c.reason, c.difference, c.p_difference) == ("undecided", "b diverged in every seed", None, None)


def test_it_is_never_equivalent_to_guessing() -> None:
    (c,) = compare_all(Family([arm("a", [0.1, 0.1001, 0.0999, 0.1]), arm("b", [], 4)], QUESTION))
    assert c.p_equivalence is not None
    assert c.p_equivalence < 0.05
    assert c.verdict == "undecided"


# ---- new pictures


def pictures(seed: int, accuracies: Sequence[float], n: int, m: int) -> list[Arm]:
    generator = np.random.default_rng(seed)
    hard = generator.normal(size=m)
    arms = []
    for k, accuracy in enumerate(accuracies):
        own = generator.normal(size=m) * 0.5
        right = {s: hard + own + generator.normal(size=m) * 0.4 < stats.norm.ppf(accuracy) for s in range(1, n + 1)}
        arms.append(arm(f"l{k}", [float(right[s].mean()) for s in right], per_picture=right))
    return arms


@pytest.mark.parametrize("seed", range(5))
def test_the_crossed_interval_is_the_protocols(seed: int) -> None:
    """Written out from the formulas, pair by pair."""
    n, m = 4, 300
    family = Family(pictures(seed, (0.6, 0.65, 0.7), n, m), replace(QUESTION, pictures=m))
    for c, (i, j) in zip(compare_all(family), family.pairs, strict=True):
        grids = [np.stack([family.arms[k].per_picture[s] for s in range(1, n + 1)]).astype(float) for k in (i, j)]
        d = grids[0] - grids[1]
        by_seed = d.mean(axis=1)
        s2 = by_seed.var(ddof=1)
        ms_s, ms_p = m * s2, n * d.mean(axis=0).var(ddof=1)
        ms_w = ((d**2).sum() - n * m * d.mean() ** 2 - (n - 1) * ms_s - (m - 1) * ms_p) / ((n - 1) * (m - 1))
        v = (ms_s + max(ms_p - ms_w, 0)) / (n * m)
        nu = (n - 1) * (v * n * m / ms_s) ** 2
        half = max(stats.t.ppf(0.975, n - 1) * np.sqrt(s2 / n), stats.t.ppf(0.975, nu) * np.sqrt(v))
        assert (c.low_new, c.high_new) == pytest.approx((d.mean() - half, d.mean() + half), rel=1e-9)
        assert c.low is not None
        assert c.low_new is not None
        assert c.low_new <= c.low


def test_pairs_with_other_seeds_have_their_own_pictures() -> None:
    arms = pictures(0, (0.6, 0.65, 0.7), 4, 200)
    kept, right = arms[2].values, arms[2].per_picture
    some = Arm("some", {s: kept[s] for s in (1, 2, 4)}, {s: right[s] for s in (1, 2, 4)}, 0)
    question = replace(QUESTION, pictures=200)
    among = compare_all(Family([arms[0], arms[1], some], question))
    alone = compare_all(Family([arms[0], some], question))[0]
    assert (among[1].low_new, among[1].high_new) == pytest.approx((alone.low_new, alone.high_new), rel=1e-9)
    assert among[1].seeds == 3


def test_without_pictures_nothing_is_said_of_new_ones() -> None:
    for c in compare_all(Family(drawn(0, 3, 5), QUESTION)):
        assert (c.low_new, c.high_new) == (None, None)


def test_one_seed_has_mcnemars_test() -> None:
    arms = pictures(3, (0.6, 0.7), 1, 400)
    (c,) = compare_all(Family(arms, replace(QUESTION, pictures=400)))
    a, b = (of.per_picture[1] for of in arms)
    expected = stats.binomtest(int((a & ~b).sum()), int((a != b).sum())).pvalue
    assert c.p_mcnemar == pytest.approx(expected, rel=1e-10)
    assert c.verdict == "undecided"


# ---- moderated variances


def test_few_losses_keep_their_own_variance() -> None:
    for losses, n in ((7, 5), (19, 3), (40, 2)):
        family = Family(drawn(1, losses, n), QUESTION)
        assert not family.moderated.any()
        np.testing.assert_array_equal(family.used.variance, family.plain.variance)


def test_many_losses_borrow_and_never_go_below_their_own() -> None:
    for losses, n in ((8, 4), (20, 3), (40, 5)):
        family = Family(drawn(2, losses, n), QUESTION)
        assert family.moderated.any()
        assert (family.used.variance >= family.plain.variance).all()
        assert (family.used.df[family.moderated] > n - 1).all()


def test_a_loss_that_varies_much_more_keeps_its_own_variance() -> None:
    arms = drawn(3, 20, 5)
    arms[4] = arm("wild", [0.1, 0.6, 0.59, 0.1, 0.6])
    family = Family(arms, QUESTION)
    own = [index for index, pair in enumerate(family.pairs) if 4 in pair]
    np.testing.assert_array_equal(family.used.variance[own], family.plain.variance[own])
    np.testing.assert_array_equal(family.used.df[own], 4)


def test_a_loss_without_a_finished_seed_takes_nothing_from_the_others() -> None:
    arms = drawn(4, 12, 5)
    without = Family(arms, QUESTION)
    lost = Family([*arms[:3], arm("lost", [], 5), *arms[3:]], replace(QUESTION, classes=0))
    kept = [index for index, pair in enumerate(lost.pairs) if 3 not in pair]
    np.testing.assert_array_equal(lost.used.variance[kept], without.used.variance)
    np.testing.assert_array_equal(lost.used.df[kept], without.used.df)


# ---- looks


def test_over_looks_a_p_value_is_the_smallest_over_its_weight() -> None:
    arms = drawn(5, 3, 8)
    seeds = tuple(range(1, 9))
    family = Family(arms, replace(QUESTION, looks=(3, 5, 8), seeds=seeds))
    weights = dict(zip(LOOKS, WEIGHTS, strict=True))
    for index, (i, j) in enumerate(family.pairs):
        d = np.array([arms[i].values[s] - arms[j].values[s] for s in seeds])
        expected = min(stats.ttest_1samp(d[:look], 0).pvalue / weights[look] for look in (3, 5, 8))
        assert family.p_difference[index] == pytest.approx(min(expected, 1), rel=1e-9)
        c = compare_all(family)[index]
        interval = stats.ttest_1samp(d, 0).confidence_interval(1 - 0.05 * weights[8])
        assert (c.low, c.high) == pytest.approx((interval.low, interval.high))


def test_a_seed_that_did_not_finish_stays_in_its_look() -> None:
    """The first look is the first three seeds, whichever of them finished."""
    values = {s: 0.6 + 0.01 * s for s in (1, 3, 4, 5)}
    arms = [Arm("a", values, {}, 0), Arm("b", {s: 0.5 + 0.001 * (s % 2) for s in values}, {}, 0)]
    family = Family(arms, replace(QUESTION, looks=(3, 5), seeds=(1, 2, 3, 4, 5)))
    d = np.array([values[s] - arms[1].values[s] for s in (1, 3, 4, 5)])
    expected = min(stats.ttest_1samp(d[:2], 0).pvalue / 0.02, stats.ttest_1samp(d, 0).pvalue / 0.18)
    assert family.p_difference[0] == pytest.approx(expected, rel=1e-9)


# ---- the best set


def test_the_best_set_drops_what_is_shown_to_be_below() -> None:
    noise = np.array([0.001, -0.001, 0.0005, -0.0005, 0.0])
    arms = [
        arm("a", list(0.6 + noise)),
        arm("b", list(0.6 - noise[::-1] * 2)),
        arm("c", list(0.5 + noise * 3)),
        arm("d", list(0.62 + noise * [1, 40, -40, 40, -40])),
    ]
    p = Family(arms, QUESTION).p_best
    d = np.array([arms[0].values[s] - arms[2].values[s] for s in range(1, 6)])
    assert p[2] == pytest.approx(min(1, 3 * stats.ttest_1samp(d, 0, alternative="greater").pvalue), rel=1e-9)
    assert p[2] < 0.05 < min(p[0], p[1], p[3])


def test_one_that_diverged_sometimes_drops_no_other() -> None:
    arms = [arm("a", [0.7, 0.71, 0.7, 0.705], 1), arm("b", [0.5, 0.51, 0.5, 0.5])]
    p = Family(arms, QUESTION).p_best
    assert p[1] == 1
    assert Family([arm("a", [0.7, 0.71, 0.7, 0.705]), arms[1]], QUESTION).p_best[1] < 0.05


def test_lower_is_better_turns_it_round() -> None:
    noise = np.array([0.001, -0.001, 0.0005, -0.0005, 0.0])
    arms = [arm("a", list(0.6 + noise)), arm("b", list(0.9 - noise))]
    question = replace(QUESTION, metric="test.nll", higher_is_better=False)
    assert Family(arms, question).p_best[1] < 0.05 < Family(arms, question).p_best[0]
    assert Family(arms, QUESTION).p_best[0] < 0.05 < Family(arms, QUESTION).p_best[1]


def test_before_the_first_look_nothing_is_decided() -> None:
    family = Family([arm("a", [0.9, 0.9001]), arm("b", [0.5, 0.5001])], replace(QUESTION, looks=(), seeds=(1, 2)))
    (c,) = compare_all(family)
    assert (c.verdict, c.reason, c.p_adjusted) == ("undecided", "before the first look, which is at 3 seeds", None)
    assert c.difference == pytest.approx(0.4)


def planned(status: Mapping[tuple[str, int], str], seeds: int, most: int | None) -> tuple[int, ...] | None:
    made = results({loss: {seed: 0.5 + 0.01 * seed for seed in range(1, seeds + 1)} for loss in "ab"}, status)
    plan = {**made.study["plan"], "max_seeds": most}
    return looks_taken(replace(made, study={**made.study, "plan": plan, "seeds": list(range(1, seeds + 1))}))


@pytest.mark.parametrize(
    ("status", "seeds", "most", "looks"),
    [
        ({}, 5, None, None),
        ({}, 2, 30, ()),
        ({}, 3, 30, (3,)),
        ({}, 8, 30, (3, 5, 8)),
        ({}, 8, 7, (3, 5)),
        ({("a", 4): "missing"}, 5, 30, (3,)),
        ({("b", 2): "missing"}, 5, 30, ()),
        ({("a", 4): "failed", ("b", 2): "diverged"}, 5, 30, (3, 5)),
    ],
)
def test_a_look_is_taken_when_its_seeds_have_ended(
    status: Mapping[tuple[str, int], str], seeds: int, most: int | None, looks: tuple[int, ...] | None
) -> None:
    assert planned(status, seeds, most) == looks
