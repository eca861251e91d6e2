"""Classes of unequal size, and fewer pictures."""

from __future__ import annotations

import numpy as np
import pytest

from lossbench.data.imbalance import class_sizes, thinned
from lossbench.data.named import KNOWN
from lossbench.data.subset import subset
from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec import Imbalance

NAMES = KNOWN["cifar10"].class_names
EVEN = [5000] * 10


def sizes(text_kind: str, factor: float, minority: str | None = None, counts: list[int] | None = None) -> list[int]:
    counts = counts or EVEN
    profile = Imbalance.model_validate({"kind": text_kind, "factor": factor, "minority": minority})
    return list(class_sizes(profile, counts, NAMES[: len(counts)]))


def test_the_published_profile_of_cifar10() -> None:
    """Cui et al. (2019) and Cao et al. (2019) at imbalance factor 100: 12,406 pictures."""
    expected = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    assert sizes("exponential", 100) == expected
    assert sum(expected) == 12406


def test_the_published_profile_of_cifar100() -> None:
    """At imbalance factor 100 it has 10,847 pictures, the largest class 500 and the smallest 5."""
    names = [f"class {number}" for number in range(100)]
    found = class_sizes(Imbalance(kind="exponential", factor=100), [500] * 100, names)
    assert (sum(found), found[0], found[-1]) == (10_847, 500, 5)


@pytest.mark.parametrize("factor", [2, 10, 20, 50, 100, 200, 1000])
@pytest.mark.parametrize("largest", [500, 1000, 5000, 6000])
def test_the_smallest_class_is_the_largest_over_the_factor(factor: int, largest: int) -> None:
    assert sizes("exponential", factor, counts=[largest] * 10)[-1] == max(largest // factor, 1)


def test_minority_classes_come_last_in_the_given_order() -> None:
    found = dict(zip(NAMES, sizes("exponential", 100, "dog, cat"), strict=True))
    order = sorted(NAMES, key=lambda name: -found[name])
    assert order == [*(name for name in NAMES if name not in ("cat", "dog")), "dog", "cat"]
    assert sorted(found.values()) == sorted(sizes("exponential", 100))


def test_a_step() -> None:
    assert sizes("step", 10) == [5000] * 5 + [500] * 5
    assert sizes("step", 3, counts=[10] * 5) == [10, 10, 10, 3, 3]
    assert sizes("step", 10, "ship, bird") == [500 if name in ("ship", "bird") else 5000 for name in NAMES]


def test_no_class_gets_more_than_it_has_or_none() -> None:
    assert sizes("exponential", 100, counts=[1000, 3, 40]) == [1000, 3, 10]
    assert sizes("exponential", 1e6, counts=[10, 10, 10]) == [10, 1, 1]
    assert sizes("step", 10, counts=[20, 100, 5, 30]) == [20, 100, 5, 10]


@pytest.mark.parametrize("factor", [1.1, 2.3, 0.1 + 1])
def test_a_step_is_exact(factor: float) -> None:
    count = 2300 * 11
    assert sizes("step", factor, counts=[count, count])[1] == int(count * 10 / round(factor * 10))


@pytest.mark.parametrize(
    ("kind", "minority", "sentence"),
    [
        ("exponential", "cat, cat", "expected every class once, got cat, cat"),
        ("step", ", ".join(NAMES), f"expected a class that is left out, for it to be large, got {', '.join(NAMES)}"),
    ],
)
def test_minority_classes_that_cannot_be(kind: str, minority: str, sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        sizes(kind, 10, minority)
    assert str(error.value) == f"scenarios.imbalance.minority: {sentence}"


def test_a_minority_class_that_the_data_do_not_have() -> None:
    with pytest.raises(UnknownNameError, match=r"^scenarios\.imbalance\.minority: .* got lion"):
        sizes("step", 10, "lion")


def test_what_is_kept_is_drawn_from_each_class() -> None:
    labels = np.arange(300) % 3
    kept = thinned(labels, Imbalance(kind="exponential", factor=10), ("a", "b", "c"), 1)
    assert np.bincount(labels[kept]).tolist() == [100, 31, 10]
    assert (np.diff(kept) > 0).all()
    other = thinned(labels, Imbalance(kind="exponential", factor=10), ("a", "b", "c"), 2)
    assert not np.array_equal(kept, other)


class TestSubset:
    LABELS = np.repeat(np.arange(4), [100, 60, 30, 10])

    @pytest.mark.parametrize(
        ("size", "expected"), [(0.1, [10, 6, 3, 1]), (100.0, [50, 30, 15, 5]), (7.0, [4, 2, 1, 0])]
    )
    def test_every_class_is_used_in_proportion(self, size: float, expected: list[int]) -> None:
        if 0 in expected:
            with pytest.raises(RequestError, match=r"^scenarios\.train_size: expected a size that leaves every class"):
                subset(self.LABELS, size, 1)
            return
        rows = subset(self.LABELS, size, 1)
        assert np.bincount(self.LABELS[rows]).tolist() == expected
        assert (np.diff(rows) > 0).all()

    def test_all_of_them(self) -> None:
        assert subset(self.LABELS, 200.0, 1).tolist() == list(range(200))

    def test_more_than_there_are(self) -> None:
        with pytest.raises(RequestError) as error:
            subset(self.LABELS, 201.0, 1)
        assert str(error.value) == (
            "scenarios.train_size: expected at most the 200 pictures of the training split, got 201"
        )

    def test_a_larger_size_holds_the_smaller(self) -> None:
        small, large = (set(subset(self.LABELS, size, 5).tolist()) for size in (40.0, 120.0))
        assert small < large

    def test_it_is_the_seeds_own(self) -> None:
        assert not np.array_equal(subset(self.LABELS, 0.3, 1), subset(self.LABELS, 0.3, 2))
