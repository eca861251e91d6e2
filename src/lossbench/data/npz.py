"""An `.npz` file of arrays, as Keras and MedMNIST write them: pictures, or feature vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lossbench.data.arrays import Stored, array_names, stored_npz
from lossbench.data.asked import Asked
from lossbench.data.checked import check_count, checked
from lossbench.data.found import Found, Names
from lossbench.data.limits import check_fits, check_growth
from lossbench.data.pictures import Pictures, Values
from lossbench.errors import DataError

__all__ = ["look"]

_KERAS = ("x_train", "y_train", "x_test", "y_test")
_MEDMNIST = ("train_images", "train_labels", "test_images", "test_labels")
_NAMES = "class_names"


def look(path: Path, asked: Asked) -> Found | None:
    """Recognises a file whose name ends in .npz; what it holds is checked when it is decoded."""
    del asked  # an array has no columns
    if path.suffix.lower() != ".npz" or not path.is_file():
        return None
    return Found((path,), partial(_decode, path))


def _decode(path: Path, name: str, class_names: Names | None) -> Pictures:
    try:
        there = array_names(path)
        keys = next((keys for keys in (_KERAS, _MEDMNIST) if set(keys) <= set(there)), None)
        if keys is None:
            allowed = f"the arrays {', '.join(_KERAS)}, or {', '.join(_MEDMNIST)}"
            known = [key for key in there if key in (*_KERAS, *_MEDMNIST, _NAMES)]
            raise DataError(str(path), allowed, ", ".join(known) or "none")
        arrays = {key: stored_npz(path, key) for key in (*keys, _NAMES) if key in there}
        return _read(path, name, arrays, keys, class_names)
    except ValueError as error:
        raise DataError(str(path), "an .npz file of plain arrays", str(error)) from None


def _read(
    path: Path, name: str, arrays: Mapping[str, Stored], keys: Sequence[str], class_names: Names | None
) -> Pictures:
    """All that headers can tell is checked before the first array is read."""
    for split, pictures, labels in (("train", *keys[:2]), ("test", *keys[2:])):
        _check_values(f"{path}, {pictures}", arrays[pictures])
        _check_labels(f"{path}, {labels}", arrays[labels])
        check_count(f"{path}, {split}", arrays[pictures].shape[0], arrays[labels].shape[0])
    if _NAMES in arrays:
        _check_names(f"{path}, {_NAMES}", arrays[_NAMES])
    size = sum(stored.nbytes for stored in arrays.values())
    check_growth(str(path), size, path.stat().st_size)
    check_fits(str(path), size)
    if arrays[keys[0]].ndim != arrays[keys[2]].ndim and 2 in (arrays[keys[0]].ndim, arrays[keys[2]].ndim):
        raise DataError(f"{path}, {keys[2]}", f"as many dimensions as {keys[0]}", _described(arrays[keys[2]]))
    train, test = ((_values(arrays[keys[i]]), _labels(arrays[keys[i + 1]])) for i in (0, 2))
    names = class_names if _NAMES not in arrays else tuple(str(word) for word in arrays[_NAMES].read())
    return checked(name, str(path), train, test, names)


def _check_values(place: str, stored: Stored) -> None:
    pictures = stored.dtype == np.uint8 and stored.ndim in (3, 4)
    vectors = stored.dtype.kind in "fiub" and stored.ndim == 2
    if not pictures and not vectors:
        allowed = "uint8 of shape (n, height, width) or (n, height, width, channels), or numbers of shape (n, features)"
        raise DataError(place, allowed, _described(stored))


def _check_labels(place: str, stored: Stored) -> None:
    if stored.shape[1:] not in ((), (1,)) or not stored.shape or not np.issubdtype(stored.dtype, np.integer):
        raise DataError(place, "whole numbers of shape (n,) or (n, 1)", _described(stored))


def _check_names(place: str, stored: Stored) -> None:
    if stored.ndim != 1 or stored.dtype.kind != "U":
        raise DataError(place, "text of shape (classes,)", _described(stored))


def _values(stored: Stored) -> Values:
    if stored.ndim == 2:
        with np.errstate(over="ignore"):  # what becomes infinite is refused with what is not a number
            return stored.read().astype(np.float32, copy=False)
    pixels = stored.read().astype(np.uint8, copy=False)
    return pixels if pixels.ndim == 4 else pixels[..., np.newaxis]


def _labels(stored: Stored) -> npt.NDArray[np.integer]:
    return stored.read().reshape(stored.shape[0]).astype(stored.dtype, copy=False)


def _described(stored: Stored) -> str:
    return f"{stored.dtype} of shape {stored.shape}"
