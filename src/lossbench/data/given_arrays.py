"""Arrays of whatever make, as pixels or vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lossbench.data.pictures import Pixels, Values, Vectors
from lossbench.errors import DataError

__all__ = ["as_values", "plain_array"]

_CHANNELS, _WITH_TRANSPARENCY = (1, 3), 4
_FORMS = (
    "pictures (n, height, width), (n, height, width, channels) or (n, channels, height, width), "
    "or vectors (n, features)"
)
_HINT = (
    "leave out whatever comes after ToTensor, for lossbench normalises pictures itself and augments them with "
    "recipe.augmentation; features are vectors (n, features)"
)


def plain_array(place: str, values: Any) -> npt.NDArray[Any]:
    """An array of NumPy's, of torch's, or of nested lists.

    Raises:
        DataError: rows of different lengths, a sparse tensor, or something else altogether.
    """
    try:
        if hasattr(values, "detach"):  # a tensor, which may need a gradient or lie on another device
            values = values.detach().cpu()
            values = values.float() if str(values.dtype) == "torch.bfloat16" else values
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:  # sparse tensors, and others without plain storage
        raise DataError(place, "an array, a tensor, or lists of one length", str(error)) from None


def as_values(place: str, values: Any) -> Values:
    """Pixels (n, height, width, channels) or vectors (n, features).

    Raises:
        DataError: another shape, values that are no pixels, or an order of the channels that cannot be told.
    """
    array = plain_array(place, values)
    if array.dtype.kind not in "fiub":
        raise DataError(place, "numbers", f"{array.dtype} of shape {array.shape}")
    if array.ndim == 2:
        return _vectors(array)
    if array.ndim not in (3, 4):
        raise DataError(place, _FORMS, f"shape {array.shape}")
    pixels = _bytes(place, array)
    return np.ascontiguousarray(pixels[..., np.newaxis] if pixels.ndim == 3 else _channels_last(place, pixels))


def _vectors(array: npt.NDArray[Any]) -> Vectors:
    with np.errstate(over="ignore"):  # what becomes infinite is refused with what is not a number
        return np.ascontiguousarray(array, dtype=np.float32)


def _channels_last(place: str, pixels: Pixels) -> Pixels:
    """The channels are where there are 1 or 3 of something, or else 4; transparency is dropped."""
    last, first = pixels.shape[3] in _CHANNELS, pixels.shape[1] in _CHANNELS
    if not last and not first:
        last, first = (pixels.shape[place] == _WITH_TRANSPARENCY for place in (3, 1))
    if last == first:
        received = f"shape {pixels.shape}, {'which may be either' if last else 'which is neither'}"
        allowed = "1, 3 or 4 channels, in the last place or in the second, and something else in the other"
        raise DataError(place, allowed, received)
    ordered = pixels if last else pixels.transpose(0, 2, 3, 1)
    return ordered[..., :3] if ordered.shape[3] == _WITH_TRANSPARENCY else ordered


def _bytes(place: str, array: npt.NDArray[Any]) -> Pixels:
    """Whole numbers from 0 to 255; floats are those divided by 255 or times 1/255, and nothing that comes close."""
    if array.dtype == np.uint8 or not array.size:
        return array.astype(np.uint8, copy=False)
    if array.dtype.kind in "iu":
        if array.min() < 0 or array.max() > 255:
            raise DataError(place, "whole numbers from 0 to 255", f"{array.min()} to {array.max()}")
        return array.astype(np.uint8)
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    divided, scaled = _levels(array.dtype)
    out = np.empty(array.shape, dtype=np.uint8)
    for values, place_of in zip(array, out, strict=True):  # one picture at a time: no second float copy of all
        with np.errstate(invalid="ignore"):
            nearest = np.clip(np.rint(values * 255), 0, 255)
        place_of[...] = np.nan_to_num(nearest)
        strange = (divided[place_of] != values) & (scaled[place_of] != values)
        if strange.any():
            allowed = "pictures of whole multiples of 1/255, as ToTensor gives them"
            raise DataError(place, allowed, f"{values[strange].flat[0]}", _HINT)
    return out


def _levels(dtype: npt.DTypeLike) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """What 0 to 255 become: x / 255 as ToTensor has it, and x * (1 / 255) as torchvision's v2.ToDtype(scale=True)."""
    wide = np.result_type(dtype, np.float32)  # torch multiplies half precision in single
    whole = np.arange(256)
    scaled = whole.astype(wide) * wide.type(1 / 255)
    return whole.astype(dtype) / np.dtype(dtype).type(255), scaled.astype(dtype)
