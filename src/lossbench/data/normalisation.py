"""Mean and standard deviation of training data, in pieces: no float copy of all of it is made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["of_pixels", "of_vectors"]

Floats = npt.NDArray[np.float64]

_AT_ONCE = 1 << 20  # values that are widened to 8 bytes each at a time


def of_pixels(pictures: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Mean and deviation per channel, where black is 0 and white is 1: exact, by whole-number sums over a histogram.

    Args:
        pictures: uint8 (n, height, width, channels).

    Returns:
        Two arrays (channels,); the deviation of a channel that never varies is 1.
    """
    pairs = [_mean_and_std(counts) for counts in _histograms(pictures)]
    mean, std = np.array(pairs, dtype=np.float64).T
    return mean, np.where(std > 0, std, 1.0)


def of_vectors(vectors: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Mean and deviation per feature.

    Both are taken of differences to the first row, which are exactly 0 where a feature never varies.

    Args:
        vectors: float32 (n, features), finite.

    Returns:
        Two arrays (features,); the deviation of a feature that never varies is 1.
    """
    first = vectors[0].astype(np.float64)
    total = sum((_differences(some, first).sum(axis=0) for some in _pieces(vectors)), np.zeros_like(first))
    mean = first + total / len(vectors)
    offset = total / len(vectors)
    squares = sum(
        (((_differences(some, first) - offset) ** 2).sum(axis=0) for some in _pieces(vectors)), np.zeros_like(first)
    )
    std = np.sqrt(squares / len(vectors))
    return mean, np.where(std > 0, std, 1.0)


def _differences(vectors: npt.NDArray[np.generic], first: Floats) -> Floats:
    return vectors.astype(np.float64) - first


def _pieces(vectors: npt.NDArray[np.generic]) -> Iterator[npt.NDArray[np.generic]]:
    step = max(1, _AT_ONCE // vectors.shape[1])
    return (vectors[start : start + step] for start in range(0, len(vectors), step))


def _histograms(pictures: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """How often each of the 256 values occurs, per channel: (channels, 256)."""
    n, height, width, channels = pictures.shape
    step = max(1, _AT_ONCE // (height * width))
    counts = np.zeros((channels, 256), dtype=np.int64)
    for start in range(0, n, step):
        for channel in range(channels):
            values = pictures[start : start + step, ..., channel].ravel()
            counts[channel] += np.bincount(values, minlength=256)
    return counts


def _mean_and_std(counts: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Python's whole numbers do not overflow and lose nothing in the difference of two large squares."""
    occurrences = [int(count) for count in counts]
    n = sum(occurrences)
    total = sum(value * count for value, count in enumerate(occurrences))
    squares = sum(value * value * count for value, count in enumerate(occurrences))
    return total / (255 * n), ((n * squares - total * total) / (n * n)) ** 0.5 / 255
