"""`Pictures`: a data set decoded into memory, and the digest that names it in a trial's key.

A data set of feature vectors goes the same way: its pictures have no height and no width, and a channel per feature.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lossbench.data.normalisation import of_pixels, of_vectors

__all__ = [
    "GIVEN",
    "VERSION",
    "Indices",
    "Labels",
    "Pictures",
    "Pixels",
    "Split",
    "Values",
    "Vectors",
    "digest_of",
    "hash_of",
    "is_given",
    "label_digest",
    "parts_of",
]

VERSION = 1  # of the data preparation: raised when decoded results would change

GIVEN = "python:"  # stands before the name of data that were given from Python

Pixels = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]
Values = npt.NDArray[np.uint8 | np.float32]
"""Pixels or vectors."""
Labels = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]

_DIGEST_LENGTH = 32  # hex digits of SHA-256


@dataclass(frozen=True, eq=False)
class Split:
    """Pictures with their labels.

    Args:
        pictures: uint8 (n, height, width, channels), or float32 (n, features); C-contiguous, may be a memory map.
        labels: int64 (n,), each the index of a class name.
    """

    pictures: Values
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: npt.ArrayLike) -> Split:
        """The pictures at these positions, in this order, as a copy.

        Args:
            indices: (m,) positions from 0 to n - 1.
        """
        chosen = np.asarray(indices, dtype=np.int64)
        return Split(np.ascontiguousarray(self.pictures[chosen]), self.labels[chosen])


@dataclass(frozen=True, eq=False)
class Pictures:
    """A data set, checked and decoded.

    Args:
        name: a known name (`cifar10`), or the last part of the path.
        train: what classifiers are trained with.
        test: what they are judged by.
        class_names: what the labels 0, 1, ... mean.
        digest: 32 hex digits of the decoded pictures, labels and class names; where they lay is not in it.
        other_labels: labels of the training split that a user has in files, by their digest; each int64 (n,).
        resized: whether any picture is of another size where it lay; not in the digest.
    """

    name: str
    train: Split
    test: Split
    class_names: tuple[str, ...]
    digest: str
    other_labels: Mapping[str, Labels] = field(default_factory=dict)
    resized: bool = False

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def vectors(self) -> bool:
        """Whether these are feature vectors."""
        return self.train.pictures.ndim == 2

    @property
    def channels(self) -> int:
        """1 for grey, 3 for red, green and blue; of vectors, the number of features."""
        return int(self.train.pictures.shape[-1])

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width in pixels; empty for vectors."""
        return tuple(int(length) for length in self.train.pictures.shape[1:-1])

    def normalisation(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Mean and standard deviation of the training pictures per channel, of vectors per feature.

        A channel that never varies gets a deviation of 1.

        Returns:
            Two float64 arrays (channels,), of pictures on the scale where black is 0 and white is 1.
        """
        return (of_vectors if self.vectors else of_pixels)(self.train.pictures)

    def also_labelled(self, labels: Labels) -> Pictures:
        """The same with other labels (n,) of the training split beside its own."""
        return replace(self, other_labels={**self.other_labels, label_digest(labels): labels})

    def samples(self, per_class: int = 5) -> tuple[Values, Labels]:
        """The first training pictures of each class.

        Args:
            per_class: how many of each; a class with fewer gives all it has.

        Returns:
            Pictures (m, height, width, channels), or vectors (m, features), and their labels (m,), class by class in
            training order.
        """
        classes = range(self.num_classes)
        chosen = [np.flatnonzero(self.train.labels == label)[:per_class] for label in classes]
        split = self.train.take(np.concatenate(chosen))
        return split.pictures, split.labels


def is_given(name: str) -> bool:
    """Whether a study's data are such as were given from Python, which no name leads to."""
    return name.startswith(GIVEN)


def parts_of(train: Split, test: Split) -> dict[str, str]:
    """One hash per array, over its shape and values: `train_pictures`, `train_labels`, `test_pictures`, ..."""
    splits = {"train": train, "test": test}
    return {
        f"{name}_{kind}": hash_of(array)
        for name, split in splits.items()
        for kind, array in (("pictures", split.pictures), ("labels", split.labels))
    }


def digest_of(parts: Mapping[str, str], class_names: Sequence[str]) -> str:
    """The digest of a data set: 32 hex digits over the hashes of its arrays and its class names."""
    text = json.dumps({"arrays": dict(parts), "class_names": list(class_names)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]


def label_digest(labels: Labels) -> str:
    """The digest of other labels than the data's own, 32 hex digits."""
    return hash_of(labels)[:_DIGEST_LENGTH]


def hash_of(array: Values | Labels) -> str:
    """SHA-256 in hex over an array's shape and values; the same on machines of either byte order."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{array.dtype.name} {array.shape}\n".encode())
    digest.update(little.data)
    return digest.hexdigest()
