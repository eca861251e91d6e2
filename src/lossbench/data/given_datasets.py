"""Map-style datasets of torch, read once from the first item to the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lossbench.data.asked import LABEL_NAMES
from lossbench.data.given_arrays import plain_array
from lossbench.errors import DataError, told

__all__ = ["is_dataset", "read_dataset", "unwrapped"]

_TRIED = 32  # items that are read twice
_GREY = ("L", "1")
_WHOLE = ("SequentialSampler", "RandomSampler", "BatchSampler", "NoneType")  # those that visit every item once
_PICTURE_KEYS = ("image", "img", "pixel_values")

Item = tuple[npt.NDArray[Any], Any]


def unwrapped(place: str, split: Any) -> Any:
    """The dataset of a DataLoader; anything else as it is.

    Raises:
        DataError: a DataLoader that does not visit every item of its dataset once.
    """
    if not (hasattr(split, "dataset") and hasattr(split, "collate_fn")):
        return split
    kinds = [type(getattr(split, name, None)).__name__ for name in ("batch_sampler", "sampler")]
    kind = next((kind for kind in kinds if kind not in _WHOLE), "")
    if kind or len(split.sampler) != len(split.dataset) or getattr(split.sampler, "replacement", False):
        kind = kind or kinds[1]
        allowed = "a DataLoader that visits every item of its dataset once"
        raise DataError(place, allowed, f"one with a {kind}", "give the dataset, or a torch.utils.data.Subset of it")
    return split.dataset


def is_dataset(split: Any) -> bool:
    """Whether something has items by number, and says how many."""
    return hasattr(split, "__getitem__") and hasattr(split, "__len__") and not isinstance(split, str | bytes | Mapping)


def read_dataset(place: str, dataset: Any) -> tuple[npt.NDArray[Any], list[Any]]:
    """All items of a dataset: (n, ...) and n labels.

    Some are read twice: random transforms would make each epoch's pictures others, for one seed and loss and not for
    the next, and belong into the recipe.

    Raises:
        DataError: an item that is no pair, has no plain label or raises, that is another when it is read again, or is
            of another shape.
    """
    try:
        number = len(dataset)
    except (Exception, SystemExit) as error:  # whatever a user's own code raises is an answer to the request
        raise DataError(place, "a dataset that says how many items it has", told(error)) from error
    if not number:
        raise DataError(place, "at least one item", "none")
    for index in np.unique(np.linspace(0, number - 1, _TRIED).astype(int)).tolist():
        (once, label), (again, other) = _item(place, dataset, index), _item(place, dataset, index)
        if not _same(once, again) or label != other:
            hint = "leave random transforms out: recipe.augmentation has crop, flip and cutout, alike for every loss"
            raise DataError(f"{place} item {index}", "the same values whenever it is read", "other ones", hint)
    first, _ = _item(place, dataset, 0)
    out, labels = np.empty((number, *first.shape), dtype=first.dtype), []
    for index in range(number):
        x, label = _item(place, dataset, index)
        if x.shape != first.shape or x.dtype != first.dtype:
            allowed, received = f"{first.dtype} of shape {first.shape} as the first", f"{x.dtype} of shape {x.shape}"
            raise DataError(f"{place} item {index}", allowed, received)
        out[index] = x
        labels.append(label)
    return out, labels


def _same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _item(place: str, dataset: Any, index: int) -> Item:
    where = f"{place} item {index}"
    try:
        item = dataset[index]
    except (Exception, SystemExit) as error:
        raise DataError(where, "an item that can be read", told(error)) from error
    if isinstance(item, Mapping):
        item = tuple(next((item[key] for key in keys if key in item), None) for keys in (_PICTURE_KEYS, LABEL_NAMES))
    if not isinstance(item, tuple | list) or len(item) != 2 or any(part is None for part in item):
        raise DataError(where, "a pair of a picture or vector and its label", type(item).__name__)
    x, label = item
    return _plain(where, x), _label(where, label)


def _plain(where: str, x: Any) -> npt.NDArray[Any]:
    if isinstance(x, Image.Image):
        if x.mode in _GREY:
            return np.asarray(x.convert("L"))
        if x.mode.startswith(("I", "F")):
            raise DataError(where, "a picture of 8 bits per channel", f"mode {x.mode}")
        return np.asarray(x.convert("RGB"))
    return plain_array(where, x)


def _label(where: str, label: Any) -> Any:
    """A plain number or word; of a tensor or array of one, that one."""
    received = type(label).__name__
    if hasattr(label, "detach") or isinstance(label, np.ndarray | np.generic):
        array = plain_array(f"{where}, label", label)
        label, received = (array.item() if array.size == 1 else array), f"{array.dtype} of shape {array.shape}"
    if not isinstance(label, str | int | float):
        raise DataError(f"{where}, label", "a class number or a word", received)
    return label
