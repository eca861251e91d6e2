"""Many-, medium- and few-shot classes: thirds by rank where sizes differ."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from lossbench.metrics import shots


def by_rank(sizes: list[int]) -> dict[str, tuple[int, ...]]:
    """The rule as it is written, with scipy's mean ranks and fractions."""
    ranks = [Fraction(float(rank) - 0.5) for rank in stats.rankdata([-size for size in sizes])]
    groups: dict[str, list[int]] = {"many": [], "medium": [], "few": []}
    for place, (size, rank) in enumerate(zip(sizes, ranks, strict=True)):
        share = rank / len(sizes)
        if size == max(sizes):
            name = "many"
        elif size == min(sizes):
            name = "few"
        else:
            name = "many" if share < Fraction(1, 3) else "few" if share > Fraction(2, 3) else "medium"
        groups[name].append(place)
    return {name: tuple(found) for name, found in groups.items()}


@pytest.mark.parametrize("seed", range(60))
def test_the_rule(seed: int) -> None:
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 3 + 4 * (seed % 7), generator.integers(2, 30)).tolist()
    if max(sizes) >= 1.5 * min(sizes):
        assert shots(sizes) == by_rank(sizes)
    else:
        assert shots(sizes) == {}


def test_the_long_tail_of_cifar10() -> None:
    sizes = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    assert shots(sizes) == {"many": (0, 1, 2), "medium": (3, 4, 5, 6), "few": (7, 8, 9)}


def test_a_step_has_no_medium_classes() -> None:
    assert shots([500] * 5 + [50] * 5) == {"many": (0, 1, 2, 3, 4), "medium": (), "few": (5, 6, 7, 8, 9)}


def test_the_extremes_are_what_they_are_called_however_many_they_are() -> None:
    assert shots([10] * 9 + [1]) == {"many": tuple(range(9)), "medium": (), "few": (9,)}
    assert shots([1] * 9 + [10]) == {"many": (9,), "medium": (), "few": tuple(range(9))}
    assert shots([3, 1]) == {"many": (0,), "medium": (), "few": (1,)}


@pytest.mark.parametrize("sizes", [[], [5], [7, 7, 7], [146, 142, 144], [149, 100]])
def test_classes_of_about_one_size_have_no_groups(sizes: list[int]) -> None:
    assert shots(sizes) == {}
