"""What becomes of hypotheses: every claim with every outcome, its figures against scipy and statsmodels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from analysis_makers import view
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from lossbench.analysis import Finding, analyse
from lossbench.analysis.claims_tested import judge_equivalence, judge_order
from lossbench.analysis.contrasts import contrasts
from lossbench.analysis.hypotheses import findings
from lossbench.analysis.values import Measured
from lossbench.errors import RequestError
from lossbench.results import HISTORY_COLUMNS, DataView, Results
from lossbench.results.types import CLASS_COLUMNS
from lossbench.spec import PRESETS, Equivalence, Measure, Order
from lossbench.text import fixed, p_value, signed

Curves = Mapping[str, Mapping[int, Sequence[float]]]  # loss -> seed -> value per epoch

SPREAD = np.array([-0.002, 0.001, 0.0, 0.002, -0.001])  # sums to 0
BASE = 0.5 + np.array([0.0, 0.01, 0.02, 0.03, 0.04])


def study(
    accuracy: Curves,
    *hypotheses: str,
    status: Mapping[tuple[str, int], str] | None = None,
    pictures: int = 10_000,
    classes: int = 10,
    max_seeds: int | None = None,
    split: str = "test",
    column: str = "accuracy",
    more: Mapping[str, Curves] | None = None,
) -> Results:
    """Results with one metric, and others by `split.metric` in `more`; `status` marks what did not finish."""
    status = status or {}
    seeds = sorted({seed for of in accuracy.values() for seed in of} | {seed for _, seed in status})
    measured = {f"{split}.{column}": accuracy, **(more or {})}
    rows: dict[tuple[str, int, int, str], dict[str, Any]] = {}
    for name, curves in measured.items():
        where, _, metric = name.partition(".")
        for loss, of in curves.items():
            for seed, curve in of.items():
                for epoch, value in enumerate(curve, 1):
                    row = rows.setdefault((loss, seed, epoch, where), dict.fromkeys(HISTORY_COLUMNS))
                    row |= {"loss_function": loss, "seed": seed, "epoch": epoch, "split": where, metric: value}
                    row["status"] = status.get((loss, seed), "finished")
    ended = {
        (loss, seed): status.get((loss, seed), "finished" if seed in accuracy[loss] else "missing")
        for loss in accuracy
        for seed in seeds
    }
    plan: dict[str, Any] = {"metric": "test.accuracy", "margin": 0.01, "hypotheses": list(hypotheses)}
    return Results(
        study={
            "plan": plan | ({"max_seeds": max_seeds} if max_seeds else {}),
            "recipe": {"epochs": max((key[2] for key in rows), default=1), "train_metrics": "full"},
            "seeds": seeds,
        },
        losses=tuple(view(label) for label in accuracy),
        data=DataView("made", "0", tuple(f"c{k}" for k in range(classes)), 50_000, pictures, 0, (8, 8, 1)),
        history=pl.DataFrame([rows[key] for key in sorted(rows)], schema=_schema()),
        trials=pl.DataFrame([{"loss_function": k[0], "seed": k[1], "status": v} for k, v in ended.items()]),
        correct={},
        confusion={},
        provenance={},
    )


def _schema() -> dict[str, Any]:
    known: dict[str, Any] = {"loss_function": pl.String, "seed": pl.Int64, "epoch": pl.Int64, "split": pl.String}
    return {name: known.get(name, pl.String if name == "status" else pl.Float64) for name in HISTORY_COLUMNS}


def lasts(**values: Sequence[float] | np.ndarray) -> dict[str, dict[int, list[float]]]:
    """One epoch each, seeds from 1."""
    return {loss: {seed: [float(v)] for seed, v in enumerate(of, 1)} for loss, of in values.items()}


def same(curve: Sequence[float], seeds: int = 3) -> dict[int, list[float]]:
    return {seed: list(curve) for seed in range(1, seeds + 1)}


def found(results: Results) -> Finding:
    (only,) = findings(results)
    return only


def outcome(results: Results) -> str:
    return found(results).outcome


# A > B ----------------------------------------------------------------------------------------------------------------


def test_orders_are_paired_t_tests_with_holm_over_the_orders_alone() -> None:
    a, b, c = BASE + 0.03 + SPREAD, BASE, BASE + 0.001 - SPREAD[::-1]
    made = study(
        lasts(a=a, b=b, c=c),
        "test.accuracy: a > b",
        "test.accuracy: a ~ c within 0.01",
        "test.accuracy: c > a",
        "test.accuracy: b < c",
    )
    first, _, second, third = findings(made)
    pairs = [(a, b), (c, a), (b, c)]
    tests = [stats.ttest_rel(x, y) for x, y in pairs]
    adjusted = multipletests([t.pvalue for t in tests], method="holm")[1]
    assert [f.outcome for f in (first, second, third)] == ["supported", "contradicted", "undecided"]
    for finding, (x, y), test, p in zip((first, second, third), pairs, tests, adjusted, strict=True):
        interval = test.confidence_interval(0.95)
        ends = f"{fixed(interval.low)} to {fixed(interval.high)}"
        assert f"is {signed(float(np.mean(x - y)))} (95 % interval {ends}, 5 seeds)" in finding.evidence
        assert f"adjusted p {p_value(p)}" in finding.evidence
    assert third.evidence.endswith("no difference is shown.")


def test_one_more_order_makes_the_others_less_sure() -> None:
    d = np.array([0.010, 0.022, 0.004, 0.018, 0.016])
    values = lasts(a=BASE + d, b=BASE, c=BASE + SPREAD)
    p = float(stats.ttest_rel(BASE + d, BASE).pvalue)
    alone = found(study(values, "test.accuracy: a > b"))
    assert (alone.outcome, p_value(p) in alone.evidence) == ("supported", True)
    beside = findings(study(values, "test.accuracy: a > b", *["test.accuracy: b > c", "test.accuracy: c < b"] * 3))
    assert 7 * p > 0.05
    assert (beside[0].outcome, p_value(7 * p) in beside[0].evidence) == ("undecided", True)


def test_a_smaller_number_is_smaller_whatever_the_good_direction() -> None:
    made = study(lasts(a=BASE + 0.1 + SPREAD, b=BASE), "test.nll: a > b", "test.nll: a < b", column="nll")
    assert [f.outcome for f in findings(made)] == ["supported", "contradicted"]


def test_one_seed_and_two_seeds_decide_nothing() -> None:
    one = found(study(lasts(a=[0.9], b=[0.1]), "test.accuracy: a > b"))
    assert one.outcome == "undecided"
    assert one.evidence == (
        "The difference in test.accuracy, a − b, is +0.800 (seed 1 alone), but one seed cannot tell what another would "
        "give."
    )
    two = found(study(lasts(a=[0.9, 0.91], b=[0.1, 0.1101]), "test.accuracy: a > b"))
    assert (two.outcome, "2 seeds), adjusted p < 0.001, but fewer than 3 seeds" in two.evidence) == ("undecided", True)


def test_a_better_loss_that_diverged_is_not_shown_to_be_better_and_a_worse_one_is() -> None:
    values = lasts(a=BASE + 0.1 + SPREAD, b=BASE)
    held = found(study(values, "test.accuracy: a > b", status={("a", 6): "diverged"}))
    assert held.outcome == "undecided"
    assert held.evidence.endswith("but only where a, the better one, converged; a diverged in 1 of 6 seeds.")
    free = found(study(values, "test.accuracy: a > b", status={("b", 6): "diverged"}))
    assert (free.outcome, "b diverged in 1 of 6 seeds" in free.evidence) == ("supported", True)
    lower_is_better = study(values, "test.nll: a > b", column="nll", status={("a", 6): "diverged"})
    assert outcome(lower_is_better) == "supported"


def test_what_diverged_always_counts_as_guessing_in_accuracy_alone() -> None:
    values = {**lasts(a=BASE), "b": {}}
    lost = {("b", seed): "diverged" for seed in range(1, 6)}
    guessed = found(study(values, "test.accuracy: a > b", status=lost))
    assert guessed.outcome == "supported"
    assert f"a − b, is {signed(float(np.mean(BASE)) - 0.1)}" in guessed.evidence
    assert "b diverged in all 5 seeds and counts as guessing, 0.100" in guessed.evidence
    other = found(study(values, "test.f1: a > b", column="f1", status=lost))
    assert (other.outcome, other.evidence) == (
        "undecided",
        "No seed finished both a and b; b diverged in all 5 seeds.",
    )
    once = found(study({**lasts(a=[0.5]), "b": {}}, "test.f1: a > b", column="f1", status={("b", 1): "diverged"}))
    assert "b diverged in its one seed" in once.evidence


def test_a_difference_that_never_varies_is_told_from_rounding_or_not_at_all() -> None:
    values = lasts(a=BASE + 0.01, b=BASE)
    rounding = found(study(values, "test.accuracy: a > b", pictures=1000))
    p = 2 * stats.t.sf(0.01 / np.sqrt(1 / (6 * 1000**2) / 5), 4)
    assert (rounding.outcome, f"adjusted p {p_value(p)}" in rounding.evidence) == ("supported", True)
    assert "less than rounding" in rounding.evidence
    unknown = found(study(values, "test.accuracy: a > b", pictures=0))
    assert (unknown.outcome, "the difference is the same in every seed" in unknown.evidence) == ("undecided", True)


def test_infinite_values_decide_nothing() -> None:
    values = lasts(a=[np.inf, 2.0, 2.1], b=[1.0, 1.1, 1.2], c=[0.1, 0.12, 0.11])
    made = study(values, "test.nll: a > b", "test.nll: lowest c", "test.nll: a within 5 of 0", column="nll")
    order, extreme, band = findings(made)
    assert (order.outcome, order.evidence) == ("undecided", "Values of a are not finite.")
    assert (extreme.outcome, band.outcome) == ("undecided", "undecided")


def test_along_training_compares_the_means_over_the_epochs() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(0.5, 0.02, (5, 4)), generator.normal(0.45, 0.02, (5, 4))
    a[:, -1] = b[:, -1] - 0.1 + SPREAD  # the last epoch says the contrary
    values = {"a": dict(enumerate(a.tolist(), 1)), "b": dict(enumerate(b.tolist(), 1))}
    lines = ("test.accuracy: a > b", "test.accuracy: a > b along training")
    last, along = findings(study(values, *lines))
    tests = [stats.ttest_rel(a[:, -1], b[:, -1]).pvalue, stats.ttest_rel(a.mean(1), b.mean(1)).pvalue]
    adjusted = multipletests(tests, method="holm")[1]
    assert last.outcome == "contradicted"
    assert f"as a mean over 4 evaluated epochs, a − b, is {signed(float(np.mean(a - b)))}" in along.evidence
    assert f"adjusted p {p_value(adjusted[1])}" in along.evidence
    values["b"][2] = values["b"][2][:3]  # an epoch that one trial lacks is nobody's
    shorter = a[:, :3].mean() - b[:, :3].mean()
    assert f"3 evaluated epochs, a − b, is {signed(float(shorter))}" in findings(study(values, *lines))[1].evidence
    one = study({"a": same([0.5]), "b": same([0.4])}, lines[1])
    assert "as a mean over 1 evaluated epoch," in found(one).evidence


def test_many_losses_lend_their_variance_as_in_the_comparisons() -> None:
    generator = np.random.default_rng(3)
    values = lasts(**{f"l{k}": 0.5 + generator.normal(0, 0.004, 5) + 0.002 * k for k in range(10)})
    made = study(values, "test.accuracy: l7 > l2")
    comparison = next(c for c in analyse(made).comparisons if (c.a, c.b) == ("l2", "l7"))
    assert comparison.moderated
    assert comparison.p_difference is not None
    finding = found(made)
    assert f"adjusted p {p_value(comparison.p_difference)}" in finding.evidence
    assert "borrows from the other losses" in finding.evidence


# A ~ B within MARGIN --------------------------------------------------------------------------------------------------


def test_equivalences_are_two_one_sided_tests_with_holm_over_the_equivalences_alone() -> None:
    a, b, c = BASE + 0.002 + SPREAD, BASE, BASE + 0.03 - 5 * SPREAD[::-1]
    made = study(
        lasts(a=a, b=b, c=c),
        "test.accuracy: a ~ b within 0.01",
        "test.accuracy: a > b",
        "test.accuracy: b ~ c within 0.01",
        "test.accuracy: a ~ b within 0.003",
    )
    alike, _, beyond, open_ = findings(made)
    asked = [(a, b, 0.01), (b, c, 0.01), (a, b, 0.003)]
    equivalence = multipletests([ttost_paired(x, y, -m, m)[0] for x, y, m in asked], method="holm")[1]
    above = [float(stats.ttest_1samp(x - y, m, alternative="greater").pvalue) for x, y, m in asked]
    below = [float(stats.ttest_1samp(x - y, -m, alternative="less").pvalue) for x, y, m in asked]
    larger = multipletests(np.minimum(2 * np.minimum(above, below), 1.0), method="holm")[1]
    assert (alike.outcome, beyond.outcome, open_.outcome) == ("supported", "contradicted", "undecided")
    inner = stats.ttest_rel(a, b).confidence_interval(0.9)
    assert f"+0.002 (90 % interval {fixed(inner.low)} to {fixed(inner.high)}, 5 seeds), within the margin 0.01" in (
        alike.evidence
    )
    assert f"(adjusted p of equivalence {p_value(equivalence[0])})" in alike.evidence
    assert f"beyond the margin 0.01 (adjusted p {p_value(larger[1])})" in beyond.evidence
    assert f"neither within the margin 0.003 (adjusted p {p_value(equivalence[2])}) nor beyond it " in open_.evidence
    assert f"(adjusted p {p_value(larger[2])}) is shown." in open_.evidence


def test_the_margin_is_the_hypothesis_own_and_significance_alone_contradicts_nothing() -> None:
    values = lasts(a=BASE + 0.012 + SPREAD, b=BASE)  # significant, and 0.012 ± 0.002 is beyond 0.01 by a hair
    margins = {0.02: "supported", 0.012: "undecided", 0.005: "contradicted"}
    for margin, expected in margins.items():
        assert outcome(study(values, f"test.accuracy: a ~ b within {margin}")) == expected
    assert outcome(study(values, "test.accuracy: b ~ a within 0.005")) == "contradicted"


def test_a_borrowed_variance_alone_shows_nothing() -> None:
    """Where variances borrow from many losses, the pair's own intervals must agree."""
    made = study(lasts(a=BASE + 0.03 + SPREAD, b=BASE))
    (sure,) = contrasts(made, Measured.of(made, Measure("test", "accuracy")), "a", ["b"], margin=0.01)
    order, alike = Order("a", "b"), Equivalence("a", "b", 0.01)
    wide = dataclasses.replace(sure, half=0.04, half_90=0.03)
    assert (judge_order(order, sure, 0.01)[0], judge_order(order, wide, 0.01)[0]) == ("supported", "undecided")
    beyond = [judge_equivalence(alike, pair, 1.0, 0.01)[0] for pair in (sure, wide)]
    within = [judge_equivalence(alike, dataclasses.replace(pair, mean=0.0), 0.01, 1.0)[0] for pair in (sure, wide)]
    assert (beyond, within) == (["contradicted", "undecided"], ["supported", "undecided"])


def test_equivalence_needs_both_to_converge_and_contradiction_the_better_one() -> None:
    values = lasts(a=BASE + SPREAD, b=BASE)
    held = found(study(values, "test.accuracy: a ~ b within 0.01", status={("b", 6): "diverged"}))
    assert (held.outcome, "but only where both converged; b diverged in 1 of 6" in held.evidence) == ("undecided", True)
    far = lasts(a=BASE + 0.1 + SPREAD, b=BASE)
    for loss, expected in (("a", "undecided"), ("b", "contradicted")):
        assert outcome(study(far, "test.accuracy: a ~ b within 0.01", status={(loss, 6): "diverged"})) == expected


# highest A ------------------------------------------------------------------------------------------------------------


def test_the_highest_is_as_sure_as_its_least_sure_comparison() -> None:
    a, b, c = BASE + 0.03 + SPREAD, BASE + 0.022 - 2 * SPREAD[::-1], BASE
    finding = found(study(lasts(c=c, a=a, b=b), "test.accuracy: highest a"))
    tests = [stats.ttest_rel(a, other, alternative="greater").pvalue for other in (b, c)]
    assert max(tests) == tests[0] < 0.05
    assert finding.outcome == "supported"
    assert f"a − b, is {signed(float(np.mean(a - b)))}" in finding.evidence
    assert f"one-sided p {p_value(tests[0])}, the largest among 2 other losses" in finding.evidence
    assert outcome(study(lasts(c=c, a=a, b=b), "test.accuracy: lowest c")) == "supported"
    close = found(study(lasts(c=c, a=a, b=a - SPREAD), "test.accuracy: highest a"))
    assert (close.outcome, "a is not shown to be the highest" in close.evidence) == ("undecided", True)


def test_what_leaves_the_best_set_is_not_the_highest() -> None:
    generator = np.random.default_rng(5)
    values = lasts(**{loss: BASE + generator.normal(0.001 * k, 0.004, 5) for k, loss in enumerate("abcd")})
    made = study(values, "test.accuracy: highest a")
    p = analyse(made).standings[0].p_best
    assert p is not None
    assert p > 0.05
    assert outcome(made) == "undecided"
    far = study({**values, **lasts(d=BASE + 0.02 + SPREAD)}, "test.accuracy: highest a", "test.accuracy: lowest d")
    p = analyse(far).standings[0].p_best
    assert p is not None
    first, second = findings(far)
    assert (first.outcome, second.outcome) == ("contradicted", "contradicted")
    assert f"so d lies above, and a leaves the set of the highest at adjusted p {p_value(p)}" in first.evidence
    assert "leaves the set of the lowest" in second.evidence


def test_extremes_and_divergence() -> None:
    values = {**lasts(a=BASE, c=BASE - 0.1 + SPREAD), "b": {}}
    lost = {("b", seed): "diverged" for seed in range(1, 6)}
    for claim, expected in (("highest a", "supported"), ("lowest b", "supported"), ("highest b", "contradicted")):
        assert outcome(study(values, f"test.accuracy: {claim}", status=lost)) == expected
    left_out = found(study(values, "test.f1: highest a", column="f1", status=lost))
    assert (left_out.outcome, "b diverged in every seed and is left out" in left_out.evidence) == ("supported", True)
    alone = found(study({"a": values["a"], "b": {}}, "test.f1: highest a", column="f1", status=lost))
    assert (alone.outcome, alone.evidence) == (
        "undecided",
        "No other loss than a has a finished seed; b diverged in every seed and is left out.",
    )
    once = found(study(values, "test.accuracy: highest a", status={**lost, ("a", 6): "diverged"}))
    assert (once.outcome, "No seed finished both a and b" in once.evidence) == ("undecided", True)
    winner = {k: v for k, v in values.items() if k != "b"}
    held = found(study(winner, "test.accuracy: highest a", status={("a", 6): "diverged"}))
    assert (held.outcome, "only where a, the better one, converged" in held.evidence) == ("undecided", True)


def test_a_loss_without_results_leaves_the_highest_open() -> None:
    made = study({**lasts(a=BASE + 0.2 + SPREAD, b=BASE), "c": {}}, "test.accuracy: highest a")
    assert (outcome(made), found(made).evidence) == ("undecided", "No seed finished both a and c.")
    beaten = study({**lasts(a=BASE - 0.2 + SPREAD, b=BASE), "c": {}}, "test.accuracy: highest a")
    assert outcome(beaten) == "contradicted"
    one = found(study(lasts(a=[0.9], b=[0.5], c=[0.8]), "test.accuracy: highest a"))
    assert "a − c, is +0.100 (seed 1 alone), but one seed cannot tell" in one.evidence


# A within X of C ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        ([0.10, 0.11, 0.12], "supported", "with 3 of 3 seeds in the band 0.050 to 0.150."),
        (
            [0.14, 0.149, 0.145],
            "undecided",
            "with 3 of 3 seeds in the band 0.050 to 0.150 and the interval reaching out",
        ),
        ([0.10, 0.11, 0.16], "undecided", "with 2 of 3 seeds in the band"),
        ([0.30, 0.31, 0.32], "contradicted", "with 0 of 3 seeds in the band"),
        ([0.10], "supported", "is 0.100 (seed 1 alone, so no interval), inside the band"),
        ([0.151], "contradicted", "outside the band"),
        ([0.1 + 0.05], "supported", "inside"),
        ([0.1, 0.1, 0.1], "supported", "(95 % interval 0.100)"),
    ],
)
def test_bands(values: list[float], expected: str, words: str) -> None:
    finding = found(study(lasts(a=values, b=values), "test.accuracy: a within 0.05 of 0.1"))
    assert finding.outcome == expected
    assert words in finding.evidence
    if len(set(values)) > 1:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert f"is {fixed(float(np.mean(values)))} (95 % interval {fixed(low)} to {fixed(high)})" in finding.evidence


def test_a_diverged_seed_is_not_in_a_band() -> None:
    values = lasts(a=[0.1, 0.11, 0.12])
    some = found(study(values, "test.accuracy: a within 0.05 of 0.1", status={("a", 4): "diverged"}))
    assert (some.outcome, "a diverged in 1 of 4 seeds" in some.evidence) == ("undecided", True)
    none = found(study({"a": {}, "b": same([0.1])}, "test.accuracy: a within 1 of 0", status={("a", 1): "diverged"}))
    assert (none.outcome, "No seed of a has a value at epoch 1" in none.evidence) == ("undecided", True)


# A falls --------------------------------------------------------------------------------------------------------------


def curves_of(*curves: Sequence[float]) -> Curves:
    return {"a": {seed: list(curve) for seed, curve in enumerate(curves, 1)}}


FALLS, TURNS, RISES = [5.0, 4, 4.5, 3, 2, 1], [5.0, 2, 1, 3, 4, 4.5], [1.0, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("curves", "falls", "rises"),
    [
        ((FALLS, FALLS), "supported", "contradicted"),
        ((TURNS, TURNS), "contradicted", "contradicted"),
        ((FALLS, TURNS), "undecided", "contradicted"),
        ((RISES, FALLS), "undecided", "undecided"),
        (([3.0] * 5,), "contradicted", "contradicted"),
        (([3.0, 2.0],), "undecided", "undecided"),
    ],
)
def test_trends(curves: tuple[Sequence[float], ...], falls: str, rises: str) -> None:
    made = study(curves_of(*curves), "test.loss: a falls", "test.loss: a rises", column="loss")
    down, up = findings(made)
    assert (down.outcome, up.outcome) == (falls, rises)
    if len(curves[0]) > 2 and len(set(curves[0])) > 1:
        taus = [stats.kendalltau(range(len(c)), c).statistic for c in curves]
        ends = dict.fromkeys((fixed(min(taus)), fixed(max(taus))))
        assert f"of a is {' to '.join(ends)} ({len(curves)} seeds)" in down.evidence


def test_a_trend_tells_where_the_curve_turned() -> None:
    turned = found(study(curves_of(TURNS, [4.0, 3, 1.5, 2, 3, 3.5]), "test.loss: a falls", column="loss"))
    assert "beyond −0.5 in none; on average it is lowest at epoch 3 (1.250), then rising to 4.000 at epoch 6" in (
        turned.evidence
    )
    held = found(study(curves_of(FALLS), "test.loss: a falls", column="loss"))
    assert held.evidence.endswith("(seed 1 alone), beyond −0.5; it goes from 5.000 at epoch 1 to 1.000 at epoch 6.")
    peak = found(study(curves_of([1.0, 4, 3, 2, 2, 1]), "test.loss: a rises", column="loss"))
    assert "it is highest at epoch 2 (4.000), then falling to 1.000 at epoch 6" in peak.evidence
    few = found(study(curves_of([3.0]), "test.loss: a falls", column="loss"))
    assert few.evidence == "The test.loss of a is known at 1 epoch only, and a trend needs 3."


@pytest.mark.parametrize(
    ("curves", "expected", "words"),
    [
        (([3.0, 2, 1], [3.0, 2.5, 2.5]), "supported", "goes the other way at none of 4 steps (2 seeds)"),
        (
            ([3.0, 2, 1], [3.0, 2, 2.5]),
            "contradicted",
            "at 1 of 4 steps, first at epoch 3, in 1 of 2 seeds; on average",
        ),
        ((FALLS,), "contradicted", "at 1 of 5 steps, first at epoch 3, in seed 1 alone"),
        (([3.0, 2, 1], [3.0, 3, 3]), "contradicted", "never changes, in 1 of 2 seeds"),
    ],
)
def test_every_step(curves: tuple[Sequence[float], ...], expected: str, words: str) -> None:
    finding = found(study(curves_of(*curves), "test.loss: a falls monotonically", column="loss"))
    assert (finding.outcome, words in finding.evidence) == (expected, True)


def test_a_diverged_seed_does_not_fall() -> None:
    values, lines = curves_of([3.0, 2, 1], [3.0, 2, 1]), ("test.loss: a falls", "test.loss: a falls monotonically")
    some, steps = findings(study(values, *lines, column="loss", status={("a", 2): "diverged"}))
    assert (some.outcome, steps.outcome) == ("undecided", "contradicted")
    assert some.evidence.endswith("a diverged in 1 of 2 seeds, which counts as not falling.")
    lost = {("a", 1): "diverged", ("a", 2): "diverged"}
    every = found(study(values, lines[0], column="loss", status=lost))
    assert every.outcome == "contradicted"
    assert every.evidence == "No seed of a finished; a diverged in both seeds, which counts as not falling."


# METRIC follows METRIC ------------------------------------------------------------------------------------------------


def follows(accuracy: np.ndarray, f1: np.ndarray) -> Finding:
    """Values by loss, seed and epoch."""
    first, second = (
        {f"l{k}": dict(enumerate(of.tolist(), 1)) for k, of in enumerate(values)} for values in (accuracy, f1)
    )
    return found(study(first, "test.f1 follows test.accuracy", more={"test.f1": second}))


@pytest.mark.parametrize(("noise", "expected"), [(0.2, "supported"), (0.5, "undecided"), (30.0, "contradicted")])
def test_following_is_spearmans_correlation_of_means(noise: float, expected: str) -> None:
    generator = np.random.default_rng(0)
    accuracy = np.linspace(0, 1, 6)[:, None, None] + generator.normal(0, 0.05, (6, 3, 9))
    f1 = accuracy + generator.normal(0, noise, (6, 3, 9))
    rhos = [stats.spearmanr(accuracy.mean(1)[:, e], f1.mean(1)[:, e]).statistic for e in range(9)]
    finding = follows(accuracy, f1)
    assert finding.outcome == expected
    assert f"over 6 losses is {fixed(float(np.median(rhos)))} in the median of 9 evaluated epochs" in finding.evidence
    assert f"({fixed(min(rhos))} to {fixed(max(rhos))})" in finding.evidence


def test_what_is_alike_in_all_losses_follows_nothing() -> None:
    accuracy = np.linspace(0, 1, 12).reshape(4, 1, 3)
    constant = follows(accuracy, np.zeros_like(accuracy))
    assert (constant.outcome, "at no epoch do at least 3 losses" in constant.evidence) == ("undecided", True)
    assert "is 1.000 at each of 3 evaluated epochs" in follows(accuracy, accuracy).evidence
    once = np.zeros_like(accuracy)
    once[..., 1] = accuracy[..., 1]
    assert "is 1.000 at epoch 2, the only one that has it" in follows(accuracy, once).evidence
    assert follows(accuracy[:2], accuracy[:2]).outcome == "not tested"


def test_of_four_losses_two_neighbours_may_be_swapped() -> None:
    """Whichever; float64 makes some of these correlations less than 0.8."""
    accuracy = np.arange(4.0).reshape(4, 1, 1)
    for order in ([1, 0, 2, 3], [0, 2, 1, 3], [0, 1, 3, 2]):
        assert follows(accuracy, accuracy[order]).outcome == "supported"
    assert follows(accuracy, accuracy[[1, 0, 3, 2]]).outcome == "undecided"
    assert follows(accuracy[:3], accuracy[[1, 0, 2]]).outcome == "undecided"


# not tested -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "evidence"),
    [
        ("test.accuracy: a > gce(q=0.7)", "These results have no loss gce(q=0.7)."),
        ("test.accuracy: mae ~ gce within 0.01", "These results have no loss mae and no loss gce."),
        ("test.accuracy: highest mae", "These results have no loss mae."),
        ("test.nll: a > b", "These results have no test.nll."),
        ("validation.accuracy: a rises", "These results have no validation.accuracy."),
        ("test.recall[c1]: a > b", "These results have no test.recall[c1]."),
        ("test.f1: a within 1 of 0", "These results have no test.f1 of a."),
        ("test.nll follows test.ece", "An order of losses takes at least 3, and these results have fewer."),
        (
            "noise(symmetric, 0.4) | test.accuracy: a > b",
            "These results are of the scenario clean, not of noise(symmetric, 0.4).",
        ),
    ],
)
def test_what_the_results_do_not_have_is_not_tested(line: str, evidence: str) -> None:
    made = study(lasts(a=BASE, b=BASE), line, more={"test.f1": lasts(b=BASE)})
    assert findings(made) == (Finding(line, "not tested", evidence),)


def test_what_is_not_tested_is_no_part_of_the_family() -> None:
    values = lasts(a=BASE + 0.01 + 3 * SPREAD, b=BASE)
    alone = found(study(values, "test.accuracy: a > b"))
    assert findings(study(values, "test.accuracy: a > b", "test.accuracy: a > mae"))[0] == alone


def test_the_scenario_is_the_studys() -> None:
    made = study(
        lasts(a=BASE + 0.1 + SPREAD, b=BASE),
        "clean | test.accuracy: a > b",
        "noise(symmetric, 0.4) | test.accuracy: a > b",
    )
    assert [f.outcome for f in findings(made)] == ["supported", "not tested"]
    noisy = dataclasses.replace(made, study={**made.study, "scenarios": ["noise(symmetric, 0.4)"]})
    assert [f.outcome for f in findings(noisy)] == ["not tested", "supported"]


def test_a_single_loss_has_no_other() -> None:
    assert found(study(lasts(a=BASE), "test.accuracy: highest a")).outcome == "not tested"


def test_nothing_finished_is_undecided() -> None:
    lines = ("test.accuracy: a > b", "test.accuracy: highest a", "test.accuracy: a within 1 of 0", "test.loss: a falls")
    made = study({"a": {}, "b": {}}, *lines, status={("a", 1): "failed", ("b", 1): "missing"})
    assert [f.outcome for f in findings(made)] == ["undecided"] * 4


# where values come from -----------------------------------------------------------------------------------------------


def test_train_finds_what_was_measured_during_the_epoch() -> None:
    values = lasts(a=BASE + 0.1 + SPREAD, b=BASE)
    assert outcome(study(values, "train.accuracy: a > b", split="train_running")) == "supported"
    both = study(
        values,
        "train.accuracy: a > b",
        split="train_running",
        more={"train.accuracy": lasts(a=BASE, b=BASE + 0.1 + SPREAD)},
    )
    assert outcome(both) == "contradicted"


def test_the_classes_have_their_own_values_and_rounding() -> None:
    values = {"a": BASE + 0.03, "b": BASE}
    rows = [
        {"loss_function": loss, "seed": seed, "epoch": 1, "split": "test", "class_name": name, "precision": 0.5,
         "recall": value if name == "c1" else 0.5, "f1": 0.5, "status": "finished"}
        for loss, of in values.items() for seed, value in enumerate(of, 1) for name in ("c0", "c1")
    ]  # fmt: skip
    made = study(lasts(**values), "test.recall[c1]: a > b", "test.recall[c0]: a > b", classes=2)
    counts = np.array([[300, 100], [5, 20]])
    made = dataclasses.replace(
        made, classes=pl.DataFrame(rows, schema=CLASS_COLUMNS), confusion={"a": {1: counts}, "b": {1: counts}}
    )
    second, first = findings(made)
    p = 2 * 2 * stats.t.sf(0.03 / np.sqrt(1 / (6 * 25**2) / 5), 4)
    assert (second.outcome, first.outcome) == ("supported", "undecided")
    assert f"adjusted p {p_value(p)}" in second.evidence


def test_rows_may_come_in_any_order_and_other_epochs_and_splits_do_not_matter() -> None:
    generator = np.random.default_rng(2)
    values = {loss: dict(enumerate(generator.normal(0.5, 0.02, (5, 6)).tolist(), 1)) for loss in "abcd"}
    lines = (
        "test.accuracy: a > b",
        "test.accuracy: a ~ c within 0.05",
        "test.accuracy: a < c along training",
        "test.accuracy: lowest d",
        "test.accuracy: d within 0.01 of 0.5",
        "test.accuracy: b falls",
        "test.f1 follows test.accuracy",
    )
    made = study(values, *lines, more={"test.f1": values}, status={("d", 2): "diverged"})
    for seed in range(3):
        shuffled = dataclasses.replace(
            made,
            history=made.history.sample(fraction=1, shuffle=True, seed=seed),
            trials=made.trials.sample(fraction=1, shuffle=True, seed=seed),
        )
        assert findings(shuffled) == findings(made)
    assert [f.hypothesis for f in findings(made)] == list(lines)


def test_other_data_give_another_sentence() -> None:
    texts = {
        found(study(lasts(a=BASE + shift + SPREAD, b=BASE), "test.accuracy: a > b")).evidence
        for shift in (-0.1, 0.0, 0.05, 0.1)
    }
    assert len(texts) == 4


def test_a_plan_without_hypotheses_has_no_findings_and_a_bad_one_is_refused() -> None:
    assert findings(study(lasts(a=BASE))) == ()
    with pytest.raises(RequestError):
        findings(study(lasts(a=BASE), "test.accuracy: a is good"))


# until decided --------------------------------------------------------------------------------------------------------


def test_over_looks_the_smallest_weighted_p_speaks_without_guards() -> None:
    generator = np.random.default_rng(4)
    a, b, c = 0.56 + generator.normal(0, 0.004, 5), 0.55 + generator.normal(0, 0.004, 5), np.full(5, 0.3)
    values, lines = (
        lasts(a=a, b=b, c=c),
        ("test.accuracy: a > b", "test.accuracy: a ~ b within 0.05", "test.accuracy: highest a"),
    )
    order, alike, highest = findings(study(values, *lines, max_seeds=30))

    def weighed(p_of: Any) -> float:
        return float(min(p_of(a[:3], b[:3]) / 0.02, p_of(a, b) / 0.18, 1.0))

    p = weighed(lambda x, y: stats.ttest_rel(x, y).pvalue)
    equal = weighed(lambda x, y: ttost_paired(x, y, -0.05, 0.05)[0])
    above = weighed(lambda x, y: stats.ttest_rel(x, y, alternative="greater").pvalue)
    assert f"adjusted p {p_value(p)} over 2 looks" in order.evidence
    assert f"of equivalence {p_value(equal)} over 2 looks" in alike.evidence
    assert f"one-sided p {p_value(above)} over 2 looks" in highest.evidence
    half = stats.t.ppf(1 - 0.025 * 0.18, 4) * stats.sem(a - b)
    assert f"95 % interval {fixed(np.mean(a - b) - half)} to {fixed(np.mean(a - b) + half)}" in order.evidence
    assert (order.outcome, alike.outcome) == ("supported" if p <= 0.05 else "undecided", "supported")


def test_before_the_first_look_comparisons_are_undecided_and_descriptions_are_not() -> None:
    values = {"a": same([0.1, 0.2, 0.3], 2), "b": same([0.05, 0.1, 0.15], 2)}
    lines = (
        "test.accuracy: a > b",
        "test.accuracy: highest a",
        "test.accuracy: a rises",
        "test.accuracy: a within 0.1 of 0.3",
    )
    order, highest, rises, band = findings(study(values, *lines, max_seeds=5))
    assert (order.outcome, highest.outcome, rises.outcome, band.outcome) == (
        "undecided",
        "undecided",
        "supported",
        "supported",
    )
    assert "the first look is at 3 seeds" in order.evidence


def test_every_hypothesis_of_the_presets_is_judged() -> None:
    for preset in PRESETS.values():
        lines = preset.get("plan", {}).get("hypotheses", [])
        lines = [line.strip() for line in lines.splitlines() if line.strip()] if isinstance(lines, str) else list(lines)
        made = study(lasts(a=BASE), *lines)
        assert [f.outcome for f in findings(made)] == ["not tested"] * len(lines)
