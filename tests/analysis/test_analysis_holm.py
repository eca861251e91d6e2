"""Holm's adjustment against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from lossbench.analysis.holm import holm, holm_levels


@pytest.mark.parametrize("seed", range(15))
def test_it_is_statsmodels(seed: int) -> None:
    generator = np.random.default_rng(seed)
    p = generator.random(int(generator.integers(1, 40))) ** float(generator.choice([1, 5, 20]))
    if seed % 3 == 0:
        p = np.round(p, 1)  # ties
    ours = holm(p)
    np.testing.assert_allclose(ours, multipletests(p, method="holm")[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_unknown_stays_so_and_counts_for_nothing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    p = generator.random((3, 12)) ** 4
    p[:, generator.choice(12, 5, replace=False)] = np.nan
    known = ~np.isnan(p[0])
    np.testing.assert_array_equal(np.isnan(holm(p)), np.isnan(p))
    for row, adjusted in zip(p, holm(p), strict=True):
        np.testing.assert_array_equal(adjusted[known], holm(row[known]))


@pytest.mark.parametrize("seed", range(20))
def test_a_level_is_what_the_p_value_is_held_against(seed: int) -> None:
    """Adjusted p-values reject what steps down through the levels, and nothing else."""
    p = np.random.default_rng(seed).random(9) ** 6
    levels = holm_levels(p, 0.05)
    assert sorted(levels) == pytest.approx([0.05 / k for k in range(9, 0, -1)])
    rejected = np.zeros(9, dtype=bool)
    for index in np.argsort(p):
        if p[index] > levels[index]:
            break
        rejected[index] = True
    np.testing.assert_array_equal(rejected, holm(p) <= 0.05)


def test_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []
    assert np.isnan(holm([np.nan])).all()
    assert holm([0.2]).tolist() == [0.2]
    assert holm([0.0, 1.0]).tolist() == [0.0, 1.0]
    assert holm_levels([0.01, np.nan, 0.001], 0.05).tolist()[::2] == [0.05, 0.025]
