"""An `.npz` file of arrays, as Keras and MedMNIST write them."""

from __future__ import annotations

import zipfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lossbench.data.checked import Pair, checked
from lossbench.data.found import Found, Names
from lossbench.data.pictures import Pictures
from lossbench.errors import DataError

__all__ = ["look"]

_KERAS = ("x_train", "y_train", "x_test", "y_test")
_MEDMNIST = ("train_images", "train_labels", "test_images", "test_labels")

Array = npt.NDArray[np.generic]


def look(path: Path) -> Found | None:
    """Recognises a file whose name ends in .npz; what it holds is checked when it is decoded."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return None
    return Found((path,), partial(_decode, path))


def _decode(path: Path, name: str, class_names: Names | None) -> Pictures:
    arrays = _arrays(path)
    keys = next((keys for keys in (_KERAS, _MEDMNIST) if set(keys) <= set(arrays)), None)
    if keys is None:
        allowed = f"the arrays {', '.join(_KERAS)}, or {', '.join(_MEDMNIST)}"
        raise DataError(str(path), allowed, ", ".join(arrays) or "none")
    train, test = (_pair(path, arrays, *keys[i : i + 2]) for i in (0, 2))
    names = arrays.get("class_names")
    return checked(name, str(path), train, test, class_names if names is None else _names(path, names))


def _arrays(path: Path) -> dict[str, Array]:
    """The arrays that are used. Pickled objects are refused: reading one could run any code."""
    wanted = {*_KERAS, *_MEDMNIST, "class_names"}
    try:
        with path.open("rb") as stream:  # opened here: NumPy leaves a damaged file open
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            return {key: file[key] for key in file.files if key in wanted}
    # The last three are what the zip reader makes of encrypted, exotic and damaged members.
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError) as error:
        raise DataError(str(path), "an .npz file of plain arrays", str(error)) from None


def _pair(path: Path, arrays: dict[str, Array], pictures: str, labels: str) -> Pair:
    return _pixels(f"{path}, {pictures}", arrays[pictures]), _labels(f"{path}, {labels}", arrays[labels])


def _pixels(place: str, array: Array) -> npt.NDArray[np.uint8]:
    if array.dtype != np.uint8 or array.ndim not in (3, 4):
        allowed = "uint8 of shape (n, height, width) or (n, height, width, channels)"
        raise DataError(place, allowed, _described(array))
    pixels = array.astype(np.uint8, copy=False)
    return pixels if pixels.ndim == 4 else pixels[..., np.newaxis]


def _labels(place: str, array: Array) -> npt.NDArray[np.integer]:
    flat = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if flat.ndim != 1 or not np.issubdtype(flat.dtype, np.integer):
        raise DataError(place, "whole numbers of shape (n,) or (n, 1)", _described(array))
    return flat.astype(flat.dtype, copy=False)


def _names(path: Path, array: Array) -> Names:
    if array.ndim != 1 or array.dtype.kind != "U":
        raise DataError(f"{path}, class_names", "text of shape (classes,)", _described(array))
    return tuple(str(name) for name in array)


def _described(array: Array) -> str:
    return f"{array.dtype} of shape {array.shape}"
