"""Holm's adjustment against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from lossbench.analysis import holm


@pytest.mark.parametrize("seed", range(50))
def test_it_is_statsmodels(seed: int) -> None:
    generator = np.random.default_rng(seed)
    p = generator.random(int(generator.integers(1, 40))) ** float(generator.choice([1, 5, 20]))
    if seed % 3 == 0:
        p = np.round(p, 1)  # ties
    ours = holm([float(value) for value in p])
    np.testing.assert_allclose(np.array(ours, dtype=float), multipletests(p, method="holm")[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_none_stays_none_and_counts_for_nothing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    p: list[float | None] = [float(value) for value in generator.random(12) ** 4]
    for index in generator.choice(12, 5, replace=False):
        p[int(index)] = None
    ours = holm(p)
    assert [value is None for value in ours] == [value is None for value in p]
    assert [value for value in ours if value is not None] == holm([value for value in p if value is not None])


def test_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []
    assert holm([None]) == [None]
    assert holm([0.2]) == [0.2]
    assert holm([0.0, 1.0]) == [0.0, 1.0]
