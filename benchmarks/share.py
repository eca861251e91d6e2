"""The share of a data set that a case trains on, as an .npz file that every contender reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lossbench.data import Pictures, Split, hold_out
from lossbench.spec import Recipe

__all__ = ["write_share"]


def write_share(pictures: Pictures, train: int | None, path: Path) -> tuple[int, int]:
    """Writes a stratified share.

    Args:
        pictures: the whole data set.
        train: training pictures, with a fifth as many test pictures, at most those there are; None for all.
        path: ends in .npz.

    Returns:
        The numbers of training and test pictures written.
    """
    first, second = pictures.train, pictures.test
    if train is not None:
        train -= train % Recipe().batch_size == 1  # batch norm takes no batch of one
        first, second = _some(first, train), _some(second, train // 5)
    np.savez(
        path,
        x_train=first.pictures,
        y_train=first.labels,
        x_test=second.pictures,
        y_test=second.labels,
        class_names=np.array(pictures.class_names),
    )
    return len(first), len(second)


def _some(split: Split, wanted: int) -> Split:
    if wanted >= len(split):
        return split
    _, chosen = hold_out(split.labels, wanted / len(split), seed=1)
    return split.take(chosen)
