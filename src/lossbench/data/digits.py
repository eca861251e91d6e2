"""scikit-learn's pictures of handwritten digits: 1,797 of them, no download."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from lossbench.data.checked import checked
from lossbench.data.pictures import Pictures
from lossbench.data.split import hold_out

__all__ = ["decode_digits", "sklearn_version"]

_TEST = 360  # of 1,797: a fifth
_SEED = 0  # fixed: the split is part of what `digits` means, not of a trial
_LARGEST = 16  # the value of a black pixel


def decode_digits() -> Pictures:
    """1,437 training and 360 test pictures of 8x8 pixels, split by class, always the same."""
    from sklearn.datasets import load_digits  # here, because it takes a second to import

    bunch = load_digits()
    pictures = np.round(bunch.images * 255 / _LARGEST).astype(np.uint8)[..., np.newaxis]
    labels = bunch.target.astype(np.int64)
    train, test = ((pictures[chosen], labels[chosen]) for chosen in hold_out(labels, _TEST / len(labels), _SEED))
    return checked("digits", "scikit-learn", train, test, tuple("0123456789"))


def sklearn_version() -> str:
    """The version of scikit-learn, whose pictures could in principle change."""
    return version("scikit-learn")
