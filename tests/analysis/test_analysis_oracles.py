"""The arithmetic of the protocol against libraries and slow formulas that know nothing of it, to 1e-10."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from lossbench.analysis.best import leaves_best, p_leaves_best
from lossbench.analysis.looks import WEIGHTS, combined, weight_at
from lossbench.analysis.moderated import Prior, many
from lossbench.analysis.paired import Differences
from lossbench.analysis.power import MOST_SEEDS, seeds_to_decide, upper_variance
from lossbench.analysis.shares import exact_interval, mcnemar
from lossbench.spec import LOOKS

SEEDS = range(5)


def near(expected: Any, rel: float = 1e-10, absolute: float = 1e-14) -> Any:
    return pytest.approx(expected, rel=rel, abs=absolute)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_paired_tests_and_intervals(seed: int, n: int) -> None:
    a, b = np.random.default_rng([seed, n]).normal(0.5, 0.02, (2, n))
    tests, theirs = Differences.of(a - b), DescrStatsW(a - b)
    assert float(tests.p_difference()) == near(stats.ttest_rel(a, b).pvalue)
    assert float(tests.p_greater()) == near(stats.ttest_rel(a, b, alternative="greater").pvalue)
    assert float(tests.p_equivalence(0.01)) == near(ttost_paired(a, b, -0.01, 0.01)[0])
    for alpha in (0.05, 0.1, 0.001):
        assert [float(end) for end in tests.interval(alpha)] == near(theirs.tconfint_mean(alpha))


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (0, 5), (2, 5), (5, 5), (3, 30), (29, 30), (7, 1000)])
def test_exact_intervals_of_shares(count: int, of: int) -> None:
    theirs = proportion_confint(count, of, method="beta")
    mine = exact_interval(count, of)
    assert mine == near([0.0 if math.isnan(theirs[0]) else theirs[0], theirs[1]])


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (3, 9), (40, 41), (120, 80), (0, 12)])
def test_mcnemar(only_a: int, only_b: int) -> None:
    theirs = statsmodels_mcnemar([[50, only_a], [only_b, 7]], exact=True).pvalue
    assert mcnemar(only_a, only_b) == near(1.0 if math.isnan(theirs) else theirs)


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 6, 0.05 / 45])
@pytest.mark.parametrize(("mean", "sd"), [(0.03, 0.01), (0.03, 0.03), (-0.02, 0.05), (0.1, 0.004)])
def test_seeds_that_show_a_difference_are_the_first_with_four_fifths_power(
    mean: float, sd: float, alpha: float
) -> None:
    found = int(seeds_to_decide(mean, sd**2, 0.001, alpha))
    upper = [TTestPower().power(abs(mean) / sd, n, alpha / 2, alternative="larger") for n in (found - 1, found)]
    assert upper[1] >= 0.8
    assert found == 3 or upper[0] < 0.8


def test_seeds_that_show_equivalence_have_the_power_that_a_simulation_finds() -> None:
    n = int(seeds_to_decide(0.0, 0.004**2, 0.01, 0.05))
    rng = np.random.default_rng(3)
    shares = [
        (Differences.of(0.004 * rng.standard_normal((20_000, seeds))).p_equivalence(0.01) <= 0.05).mean()
        for seeds in (n - 1, n)
    ]
    assert shares[0] < 0.81  # the bound by the power of each of the two tests is close to the whole
    assert shares[1] > 0.79


def test_more_seeds_are_asked_of_smaller_differences_and_none_beyond_the_most() -> None:
    found = [float(seeds_to_decide(mean, 0.02**2, 1e-6, 0.05)) for mean in (0.05, 0.03, 0.01, 0.005)]
    assert all(near < far for near, far in pairwise(found))
    assert math.isnan(seeds_to_decide(1e-4, 0.02**2, 1e-6, 0.05))
    assert math.isnan(seeds_to_decide(math.nan, 0.02**2, 1e-6, 0.05))
    assert found[-1] < MOST_SEEDS


@pytest.mark.parametrize("df", [2, 4, 29])
def test_the_upper_limit_of_a_deviation_is_too_low_once_in_five(df: int) -> None:
    limit = float(upper_variance(1.0, df))
    assert stats.chi2.cdf(df / limit, df) == near(0.2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("losses", "seeds"), [(8, 4), (20, 3), (40, 5)])
def test_the_moderated_variance_is_smyths(seed: int, losses: int, seeds: int) -> None:
    """Written out loss by loss from the protocol's point 7, the trigamma inverted by another method."""
    rng = np.random.default_rng([seed, losses])
    values = rng.normal(0, 0.003 * np.sqrt(rng.lognormal(0, 0.8, (losses, 1))), (losses, seeds))
    own = seeds - 1
    centred = [[row[s] - math.fsum(values[:, s]) / losses for s in range(seeds)] for row in values]
    found = [float(np.var(row, ddof=1)) * losses / (losses - 1) for row in centred]
    e = [math.log(v) - special.digamma(own / 2) + math.log(own / 2) for v in found]
    mean = math.fsum(e) / losses
    left = math.fsum((x - mean) ** 2 for x in e) / (losses - 1) - special.polygamma(1, own / 2)
    prior = Prior.of(values)
    assert prior is not None
    if left <= 0:
        assert float(prior.df) == (losses - 1) * own
        return
    half = optimize.newton(lambda y: special.polygamma(1, math.exp(y)) - left, 0.0, tol=1e-14, maxiter=500)
    d0 = 2 * math.exp(half)
    s0 = math.exp(mean + special.digamma(d0 / 2) - math.log(d0 / 2))
    assert float(prior.variance) == near(s0, rel=1e-8)
    d0 = min(d0, (losses - 1) * own)
    assert float(prior.df) == near(d0, rel=1e-8)
    d = values[0] - values[1]
    plain = Differences.of(d)
    variance, df = prior.moderate(
        np.array([float(plain.variance)]), np.array([float(seeds)]), np.array([0]), np.array([1])
    )
    limit = stats.f.ppf(0.95, own, d0) * s0
    if max(found[:2]) > limit:
        assert (variance[0], df[0]) == (float(plain.variance), own)
    else:
        shrunk = (2 * d0 * s0 + own * np.var(d, ddof=1)) / (d0 + own)
        assert variance[0] == near(max(np.var(d, ddof=1), shrunk), rel=1e-8)
        assert df[0] == near(d0 + own, rel=1e-8)


def test_when_the_variance_is_moderated() -> None:
    cases = [(7, 30), (8, 3), (8, 4), (19, 3), (20, 3), (20, 2), (40, 5)]
    assert [bool(many(losses, seeds)) for losses, seeds in cases] == [False, False, True, False, True, False, True]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_set_by_hand(seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.5, 0.01, (5, 6)) + np.arange(5)[:, None] / 200
    expected = [
        min(min(4 * stats.ttest_rel(values[j], values[i], alternative="greater").pvalue for j in range(5) if j != i), 1)
        for i in range(5)
    ]
    assert p_leaves_best(values) == near(expected)


def test_the_best_set_leaves_out_what_cannot_be_asked() -> None:
    p = np.full((3, 3), np.nan)
    p[0, 1], p[1, 0] = 0.01, 0.99
    assert leaves_best(p)[:2] == near([1.0, 0.02])
    assert math.isnan(leaves_best(p)[2])


def test_shares_of_the_error_sum_to_one_and_bound_it() -> None:
    assert math.fsum(WEIGHTS) == near(1)
    assert [weight_at(look) for look in LOOKS] == list(WEIGHTS)
    rng = np.random.default_rng(0)
    p = list(rng.random((6, 200_000)))  # independent looks: the worst that a union bound allows for
    exact = 1 - math.prod(1 - 0.05 * w for w in WEIGHTS)
    assert (combined(p, LOOKS) <= 0.05).mean() == near(exact, absolute=0.002)
    assert exact <= 0.05


def test_the_power_behind_seeds_to_decide_is_the_integral() -> None:
    """P(|T| > t) of a noncentral t, from its definition: a normal over the root of a chi-square over its df."""
    d, sd, alpha = 0.02, 0.02, 0.05
    n = int(seeds_to_decide(d, sd**2, 1e-6, alpha))

    def power(n: int) -> float:
        df, shift, t = n - 1, d / sd * math.sqrt(n), float(stats.t.ppf(1 - alpha / 2, n - 1))

        def given(u: float) -> float:
            return float(stats.norm.sf(t * math.sqrt(u / df) - shift) * stats.chi2.pdf(u, df))

        return float(integrate.quad(given, 0, 200, limit=500)[0])

    assert power(n) >= 0.8 > power(n - 1)
