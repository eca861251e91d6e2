"""Label noise that depends on the picture, in the form that is commonly used."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lossbench.data.pictures import Indices, Labels, Pictures, Values
from lossbench.rng import stream

__all__ = ["instance_dependent"]

_SPREAD = 0.1  # of the pictures' own rates
_BITS = 20  # behind the point, of what pictures are multiplied by
_LARGEST = 16  # no standard normal number is larger, and by far
_AT_ONCE = 1 << 22  # pixel values that are widened to 8 bytes each at a time
_MOST_DEVIATIONS, _STEPS = 64, 1 << 10  # of normalised features: how far they count, and into how much of one

Floats = npt.NDArray[np.float64]


def instance_dependent(pictures: Pictures, rows: Indices, rate: float, seed: int, purpose: str) -> Labels:
    """Labels that are wrong the more likely, and the more likely so, the more a picture looks it.

    Algorithm 2 of Xia et al. (2020), arXiv:2006.07836: a picture's own rate q is drawn from a normal distribution
    around the rate with deviation 0.1, between 0 and 1; its label stays with probability 1 - q, and becomes another
    class with probability q times softmax(x W_y) over the others, x the normalised picture and W_y, one per class, a
    matrix (pixels, classes) of standard normal numbers. Normalised means by the training split's mean and deviation.

    The same bits whatever multiplies the matrices: W_y is rounded to multiples of 2^-20 (less exactly for pictures of
    more than two million pixels), so that its products with uint8 pictures are whole numbers below 2^53. So are those
    with feature vectors, which are normalised first, cut at 64 deviations and rounded to multiples of 2^-10.

    Args:
        pictures: the data.
        rows: (n,) positions in the training split.
        rate: the expected share of wrong labels, but for what lies outside of 0 to 1.
        seed: what all of it is drawn with. W_y is the same for all splits at a seed: who labels them is the same.
        purpose: of the rates and the draws.

    Returns:
        (n,).
    """
    generator = stream(seed, purpose)
    rates = _rates(rate, len(rows), generator)
    luck = generator.random(len(rows))
    labels = pictures.train.labels[rows]
    given = labels.copy()
    scale = _Scale.of(pictures)
    for label in range(pictures.num_classes):
        chosen = np.flatnonzero((labels == label) & (luck < rates))
        if not len(chosen):
            continue
        weights = _Weights.drawn(pictures, seed, label)
        for some in _blocks(chosen, pictures):
            scores = weights.scores(pictures.train.pictures[rows[some]], scale)
            given[some] = _others(scores, label, luck[some] / rates[some])
    return given


@dataclass(frozen=True, eq=False)
class _Scale:
    """Mean and deviation of the training split, (channels,), on the scale of uint8; of vectors, on their own."""

    mean: Floats
    std: Floats

    @classmethod
    def of(cls, pictures: Pictures) -> _Scale:
        mean, std = pictures.normalisation()
        return cls(mean, std) if pictures.vectors else cls(255 * mean, 255 * std)


@dataclass(frozen=True, eq=False)
class _Weights:
    """W_y times 2^bits, rounded: (channels, places, classes); of vectors the features are the places of one channel."""

    whole: Floats
    bits: int

    @classmethod
    def drawn(cls, pictures: Pictures, seed: int, label: int) -> _Weights:
        channels, places = _form(pictures)
        bits = _bits(places, _MOST_DEVIATIONS * _STEPS if pictures.vectors else 255)
        shape = (channels, places, pictures.num_classes)
        normal = stream(seed, f"label noise, pixels of class {label}").standard_normal(shape)
        return cls(np.rint(normal * 2.0**bits), bits)

    def scores(self, pictures: Values, scale: _Scale) -> Floats:
        """The x W_y of normalised pictures (n, height, width, channels), or vectors (n, features): (n, classes)."""
        if pictures.ndim == 2:
            return self._scores_of_vectors(pictures, scale)
        total = np.zeros((len(pictures), self.whole.shape[2]))
        for channel, weights in enumerate(self.whole):
            flat = pictures[..., channel].reshape(len(pictures), -1).astype(np.float64)
            products, sums = flat @ weights, weights.sum(axis=0)  # exact: whole numbers below 2^53
            total += (products - scale.mean[channel] * sums) / (scale.std[channel] * 2.0**self.bits)
        return total

    def _scores_of_vectors(self, vectors: Values, scale: _Scale) -> Floats:
        normalised = np.clip((vectors - scale.mean) / scale.std, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
        products: Floats = np.rint(normalised * _STEPS) @ self.whole[0]  # exact, as above
        return products / (_STEPS * 2.0**self.bits)


def _form(pictures: Pictures) -> tuple[int, int]:
    """How many channels, and how many places each has."""
    return (1, pictures.channels) if pictures.vectors else (pictures.channels, math.prod(pictures.size))


def _bits(places: int, largest: int) -> int:
    """How many bits behind the point leave products over so many places, with values so large, below 2^53."""
    return min(_BITS, math.floor(math.log2(2**53 / (largest * _LARGEST * places))))


def _rates(rate: float, number: int, generator: np.random.Generator) -> Floats:
    """Each picture's own rate; what falls outside of 0 to 1 is drawn again."""
    rates = rate + _SPREAD * generator.standard_normal(number)
    while len(outside := np.flatnonzero((rates <= 0) | (rates > 1))):
        rates[outside] = rate + _SPREAD * generator.standard_normal(len(outside))
    return rates


def _others(scores: Floats, label: int, luck: Floats) -> Labels:
    """One of the other classes for each picture, by softmax over them.

    Args:
        scores: (n, classes).
        label: what the pictures show.
        luck: (n,) uniform from 0 to 1.
    """
    others = scores.copy()
    others[:, label] = -np.inf
    likely = np.exp(others - others.max(axis=1, keepdims=True))
    upto = np.cumsum(likely, axis=1)
    found = (upto <= (luck * upto[:, -1])[:, None]).sum(axis=1)
    return np.asarray(np.where(found < scores.shape[1], found, likely.argmax(axis=1)))  # where luck was rounded up


def _blocks(chosen: Indices, pictures: Pictures) -> Iterator[Indices]:
    step = max(1, _AT_ONCE // _form(pictures)[1])
    return (chosen[start : start + step] for start in range(0, len(chosen), step))
