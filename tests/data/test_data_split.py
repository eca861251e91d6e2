"""hold_out: stratified, exact in its total, a function of the seed alone."""

from __future__ import annotations

import numpy as np
import pytest

from lossbench.data import hold_out
from lossbench.errors import DataError

LABELS = np.random.default_rng(0).integers(0, 7, 503)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 1 / 3, 0.5, 0.9])
def test_parts_are_sorted_disjoint_and_of_the_right_size(share: float) -> None:
    kept, held = hold_out(LABELS, share, 1)
    assert len(held) == round(503 * share)
    assert np.array_equal(np.sort(np.concatenate([kept, held])), np.arange(503))
    assert (np.diff(kept) > 0).all()
    assert (np.diff(held) > 0).all()
    assert kept.dtype == held.dtype == np.int64


@pytest.mark.parametrize("share", [0.1, 1 / 3, 0.5])
def test_every_class_is_held_in_proportion(share: float) -> None:
    _, held = hold_out(LABELS, share, 1)
    assert (abs(np.bincount(LABELS[held]) - np.bincount(LABELS) * share) < 1).all()


def test_largest_remainders_go_first() -> None:
    labels = np.repeat([0, 1, 2], [11, 14, 15])  # quotas 1.1, 1.4, 1.5: the one left over goes to the last
    _, held = hold_out(labels, 0.1, 1)
    assert np.bincount(labels[held]).tolist() == [1, 1, 2]


def test_every_class_keeps_one_even_if_fewer_are_held() -> None:
    labels = np.array([0, 0, 0, 1, 2])
    kept, held = hold_out(labels, 0.9, 1)
    assert set(labels[kept]) == {0, 1, 2}
    assert len(held) == 2


def test_what_a_small_class_cannot_give_the_others_do() -> None:
    labels = np.array([0] + [1] * 9)
    kept, held = hold_out(labels, 0.8, 1)
    assert len(held) == 8
    assert labels[kept].tolist() == [0, 1]


def test_seed_decides_and_nothing_else() -> None:
    assert np.array_equal(hold_out(LABELS, 0.2, 1)[1], hold_out(LABELS.copy(), 0.2, 1)[1])
    assert not np.array_equal(hold_out(LABELS, 0.2, 1)[1], hold_out(LABELS, 0.2, 2)[1])


def test_choice_is_pinned() -> None:
    """A change here changes every trial with a validation split."""
    assert hold_out(np.arange(20) % 2, 0.3, 1)[1].tolist() == [6, 9, 12, 13, 15, 18]


def test_labels_need_not_be_consecutive() -> None:
    _, held = hold_out(np.repeat([3, 900], 10), 0.5, 1)
    assert (held < 10).sum() == 5


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_outside_its_range(share: float) -> None:
    with pytest.raises(DataError, match=r"^share: expected a number of at least 0 and less than 1, got "):
        hold_out(LABELS, share, 1)
