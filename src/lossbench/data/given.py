"""`Data`: pictures or vectors that a program has in memory, handed over as they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from lossbench.data.asked import LABEL_NAMES
from lossbench.data.checked import checked
from lossbench.data.given_arrays import as_values, plain_array
from lossbench.data.given_datasets import is_dataset, read_dataset, unwrapped
from lossbench.data.pictures import GIVEN, Pictures, Values
from lossbench.data.sources import Source
from lossbench.data.tables import check_labels, named_labels
from lossbench.errors import DataError

__all__ = ["Data"]

_FIELD = "data"
_FORMS = "(x, y), a map-style Dataset or a DataLoader"


@dataclass(frozen=True, eq=False)
class Data:
    """A data set from Python, for `lossbench.run(study, data=...)`.

    Each split is `(x, y)`, a map-style `torch.utils.data.Dataset` of such pairs, or a `DataLoader` of one, which is
    read in the dataset's order, whatever its sampler does. Arrays may be NumPy's, torch's, or lists.

    `x` holds pictures or feature vectors. Pictures are uint8 of shape (n, height, width), (n, height, width, channels)
    or (n, channels, height, width): the channels are where there are 1 or 3 of something, or else 4, of which the
    fourth, transparency, is dropped; where that can be both places it is refused. Or they are floats that are whole
    multiples of 1/255, as `ToTensor` gives them. A dataset may give PIL pictures. Vectors are numbers of shape
    (n, features), and are standardised. `y` holds class numbers from 0 on, or words.

    Args:
        train: what classifiers are trained with.
        test: what they are judged by.
        class_names: what the labels 0, 1, ... mean; of a dataset with `classes` these, where it is None.
        name: what reports call the data.

    Raises:
        RequestError: a name that is none, or class names that are no list; anything else is said when the data are
            read, by `run`.
    """

    train: Any
    test: Any
    class_names: Sequence[str] | None = None
    name: str = "data"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w[\w .-]{0,99}", str(self.name)):
            raise DataError("data.name", "a name of at most 100 letters, digits, blanks and - . _", self.name)
        names = self.class_names
        if names is not None and (isinstance(names, str | bytes) or not isinstance(names, Sequence | np.ndarray)):
            raise DataError("data.class_names", "a list of names", names)

    @property
    def written(self) -> str:
        """What a study says in the place of a name or a path."""
        return f"{GIVEN}{self.name}"

    @cached_property
    def pictures(self) -> Pictures:
        """The data, checked.

        Raises:
            DataError: something in it that cannot be used.
        """
        (train, train_labels), (test, test_labels) = _pair(f"{_FIELD}.train", self.train), _pair("data.test", self.test)
        check_labels(_FIELD, train_labels, test_labels)
        if not (train_labels.dtype.is_integer() and test_labels.dtype.is_integer()):
            first, second, words = named_labels(_FIELD, train_labels, test_labels, self.class_names)
            return checked(self.name, _FIELD, (train, first), (test, second), words)
        names = _classes(self.train) if self.class_names is None else tuple(str(name) for name in self.class_names)
        pairs = (train, train_labels.to_numpy()), (test, test_labels.to_numpy())
        return checked(self.name, _FIELD, pairs[0], pairs[1], names)

    @cached_property
    def source(self) -> Source:
        """The data as a source like any other; the same values are the same source."""
        pictures = self.pictures
        fingerprint = hashlib.sha256(f"{self.name} {pictures.digest}".encode()).hexdigest()[:32]
        return Source(self.name, "given from Python", fingerprint, lambda: pictures)


def _pair(place: str, split: Any) -> tuple[Values, pl.Series]:
    if isinstance(split, tuple | list) and len(split) == 2:
        return as_values(f"{place}[0]", split[0]), _labels(f"{place}[1]", split[1])
    dataset = unwrapped(place, split)
    if not is_dataset(dataset):
        raise DataError(place, _FORMS, type(split).__name__)
    x, y = read_dataset(place, dataset)
    return as_values(place, x), _labels(place, y)


def _labels(place: str, labels: Any) -> pl.Series:
    array = plain_array(place, labels)
    array = array.reshape(-1) if array.shape[1:] == (1,) else array
    if array.ndim != 1 or array.dtype.kind not in "iubUO":
        raise DataError(place, "class numbers or words of shape (n,)", f"{array.dtype} of shape {array.shape}")
    try:
        return pl.Series("y", array.tolist())
    except (TypeError, pl.exceptions.PolarsError, OverflowError) as error:
        raise DataError(place, "class numbers or words", str(error)) from None


def _classes(split: Any) -> tuple[str, ...] | None:
    """The names that a dataset has for its classes, as torchvision's and Hugging Face's have."""
    while split is not None:
        features = getattr(split, "features", None)
        labels = [features[key] for key in LABEL_NAMES if key in features] if isinstance(features, Mapping) else []
        classes = getattr(labels[0] if labels else None, "names", None) or getattr(split, "classes", None)
        if isinstance(classes, list | tuple) and classes:
            return tuple(str(name) for name in classes)
        split = getattr(split, "dataset", None)  # of a DataLoader, or a Subset
    return None
