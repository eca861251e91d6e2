"""Encoded pictures (PNG, JPEG, ...) into one array, by Pillow."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from lossbench.data.pictures import Pixels
from lossbench.data.resize import resized
from lossbench.data.room import room
from lossbench.errors import DataError

__all__ = ["EIGHT_BITS", "GREY", "Encoded", "decode", "opened", "quiet"]

# Named, because Pillow's others include formats that start programs (EPS) or are rarely tried with hostile files.
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF")
GREY = ("L", "1")
EIGHT_BITS = (*GREY, "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_AT_ONCE = 64  # pictures per task
# Threads pay from here on; below, they fight over the interpreter (60,000 of 32x32 take twice as long on two).
_PIXELS_FOR_THREADS = 128 * 128
_MOST_WORKERS = 16


@dataclass(frozen=True)
class Encoded:
    """The encoded pictures of one split.

    Args:
        items: bytes or files.
        where: what errors call the picture at a position.
    """

    items: Sequence[bytes | Path]
    where: Callable[[int], str]


class _ColourError(Exception):
    """A picture in colour where all were taken for grey."""


def decode(
    train: Encoded, test: Encoded, workers: int | None = None, size: tuple[int, int] | None = None
) -> tuple[Pixels, Pixels, bool]:
    """Decodes two splits of pictures, of one size unless they are resized.

    They keep one channel if all are grey, and become red, green and blue otherwise; transparency is dropped.

    Args:
        train: the training pictures, at least one.
        test: the test pictures.
        workers: threads; as many as pay when it is None. The result does not depend on it.
        size: height and width that every picture is resized to, as `resized` does it; None for as they are.

    Returns:
        Two uint8 arrays (n, height, width, channels), and whether any picture was of another size.

    Raises:
        DataError: a picture that is broken, too large, deeper than 8 bits, or of another size than the first.
    """
    with quiet():
        width, height = _shape(train)
        number = workers or _workers(width * height)
        (height, width), fixed = size or (height, width), size is None
        try:
            return _both(train, test, (height, width, 1), number, fixed=fixed)
        except _ColourError:
            return _both(train, test, (height, width, 3), number, fixed=fixed)


def _both(
    train: Encoded, test: Encoded, shape: tuple[int, ...], workers: int, *, fixed: bool
) -> tuple[Pixels, Pixels, bool]:
    (first, one), (second, other) = (_decode(each, shape, workers, fixed=fixed) for each in (train, test))
    return first, second, one or other


def _decode(encoded: Encoded, shape: tuple[int, ...], workers: int, *, fixed: bool) -> tuple[Pixels, bool]:
    total = len(encoded.items)
    out = room(encoded.where(0) if total else "test", (total, *shape))

    def some(start: int) -> int:
        rows = range(start, min(start + _AT_ONCE, total))
        return sum(_decode_one(encoded, position, out[position], fixed=fixed) for position in rows)

    with ThreadPoolExecutor(workers) as pool:  # in order, so the first bad picture is the one named
        others = sum(pool.map(some, range(0, total, _AT_ONCE)))
    return out, others > 0


def _decode_one(encoded: Encoded, position: int, out: Pixels, *, fixed: bool) -> bool:
    """Writes one picture into its place, (height, width, channels); it must have that size where this is fixed.

    Returns:
        whether it was of another size.
    """
    height, width, channels = out.shape
    with opened(encoded, position) as picture:
        other = picture.size != (width, height)
        if fixed and other:
            allowed = f"pictures of one size, {height}×{width} as the first"
            hint = "--size N, as in --size 64, makes them so"
            raise DataError(encoded.where(position), allowed, f"{picture.height}×{picture.width}", hint)
        if channels == 1 and picture.mode not in GREY:
            raise _ColourError
        if picture.mode not in EIGHT_BITS:
            raise DataError(encoded.where(position), "a picture of 8 bits per channel", f"mode {picture.mode}")
        mode = "L" if channels == 1 else "RGB"
        plain = picture if picture.mode == mode else picture.convert(mode)
        values = np.asarray(plain if fixed else resized(plain, (height, width)))
    out[...] = values.reshape(out.shape)
    return other


def _shape(encoded: Encoded) -> tuple[int, int]:
    with opened(encoded, 0) as picture:
        return picture.size


@contextmanager
def opened(encoded: Encoded, position: int) -> Iterator[Image.Image]:
    """The picture at a position; whatever Pillow makes of a damaged one becomes one sentence."""
    item = encoded.items[position]
    try:
        with Image.open(io.BytesIO(item) if isinstance(item, bytes) else item, formats=_FORMATS) as picture:
            yield picture
    except (DataError, _ColourError):
        raise
    except UnidentifiedImageError:
        raise _broken(encoded, position, "something else") from None
    # Pillow's readers raise whatever they trip over (SyntaxError, struct.error, ...) in a damaged file.
    except Exception as error:
        raise _broken(encoded, position, str(error) or type(error).__name__) from None


def _broken(encoded: Encoded, position: int, received: str) -> DataError:
    return DataError(encoded.where(position), f"a readable picture ({', '.join(_FORMATS)})", received)


@contextmanager
def quiet() -> Iterator[None]:
    """Pillow's warnings about odd metadata are dropped; the one about a decompression bomb becomes an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _workers(pixels: int) -> int:
    return min(os.cpu_count() or 1, _MOST_WORKERS) if pixels >= _PIXELS_FOR_THREADS else 1
