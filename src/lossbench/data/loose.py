"""Pictures without labels, to be predicted: files, folders, arrays and tables, batch by batch in the size of training.

A picture is made what the training pictures are: 8 bits, grey or red, green and blue. Where those are grey, colours
become their luma, 0.299 R + 0.587 G + 0.114 B; where those are in colour, the three channels of a grey one are equal;
transparency is dropped. One of another size is refused, or resized as training pictures are if that is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from lossbench.data.arrays import Stored, array_names, stored_npz
from lossbench.data.decode import EIGHT_BITS, GREY, Encoded, opened, quiet
from lossbench.data.features import picture_column, readable_parquet
from lossbench.data.found import visible
from lossbench.data.parquet_cells import encoded_cells
from lossbench.data.pictures import Pixels, Values
from lossbench.data.resize import resized
from lossbench.errors import DataError
from lossbench.errors import visible as printable

__all__ = ["PICTURE_SUFFIXES", "Form", "Loose", "loose", "of_array"]

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
"""What is taken for a picture in a folder."""

_ARRAYS = ("pictures", "x_test", "test_images")  # which array of an .npz file is meant, the first that is there
_FIELD = "PICTURES"
_ALLOWED = f"pictures ({', '.join(PICTURE_SUFFIXES)}), folders of them, .npz or .parquet files"


@dataclass
class Form:
    """What pictures are made to be, and how many had to be changed for it.

    Args:
        size: height and width in pixels.
        channels: 1 for grey, 3 for red, green and blue.
        resize: whether another size is changed, not refused.
        recoloured: pictures in colour that were made grey, or grey ones that were given three channels.
        resized: pictures of another size.
    """

    size: tuple[int, int]
    channels: int
    resize: bool = False
    recoloured: int = field(default=0, init=False)
    resized: int = field(default=0, init=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return *self.size, self.channels

    def fitted(self, picture: Image.Image, where: str) -> Pixels:
        """A picture as uint8 (height, width, channels).

        Raises:
            DataError: it is deeper than 8 bits, or of another size where that is not to be changed.
        """
        if picture.mode not in EIGHT_BITS:
            raise DataError(where, "a picture of 8 bits per channel", f"mode {picture.mode}")
        mode = "L" if self.channels == 1 else "RGB"
        self.recoloured += (picture.mode in GREY) != (mode == "L")
        fitting = picture if picture.mode == mode else picture.convert(mode)
        height, width = self.size
        if fitting.size != (width, height):
            if not self.resize:
                allowed = f"pictures of {height}×{width} pixels, as the classifier was trained with"
                raise DataError(where, allowed, f"{picture.height}×{picture.width}", "--resize changes them")
            fitting = resized(fitting, (height, width))
            self.resized += 1
        return np.asarray(fitting, dtype=np.uint8).reshape(self.shape)


@dataclass(frozen=True)
class Loose:
    """Pictures from one place.

    Args:
        names: what the table calls each of them.
        read: makes uint8 (rows, height, width, channels) of the pictures from a place to another one.
    """

    names: Sequence[str]
    read: Callable[[int, int, Form], Pixels]

    def __len__(self) -> int:
        return len(self.names)

    def batches(self, form: Form, size: int) -> Iterator[Pixels]:
        """All of them in their order, so many at a time."""
        for start in range(0, len(self), size):
            yield self.read(start, min(start + size, len(self)), form)


def loose(paths: Sequence[str | Path]) -> list[Loose]:
    """Pictures by their paths, in the order in which they were named; what a folder holds, in the order of its names.

    Args:
        paths: pictures; folders, with all below them; `.npz` files, whose array `pictures`, `x_test` or `test_images`
            is taken, or the only one of pictures; `.parquet` files with a column of encoded pictures.

    Raises:
        DataError: one of them is none of these, or there are no pictures.
    """
    found: list[Loose] = []
    files: list[Path] = []
    for path in map(Path, paths):
        if path.suffix.lower() in (".npz", ".parquet") and path.is_file():
            found += _of_files(files)
            files = []
            found.append(_of_arrays(path) if path.suffix.lower() == ".npz" else _of_table(path))
        elif path.is_dir():
            files += _below(path)
        elif path.is_file():
            files.append(path)
        else:
            raise DataError(_FIELD, _ALLOWED, str(path), "it is not there" if not path.exists() else "")
    found += _of_files(files)
    if not sum(map(len, found)):
        raise DataError(_FIELD, _ALLOWED, ", ".join(map(str, paths)) or "nothing")
    return found


def _below(folder: Path) -> Iterator[Path]:
    for entry in visible(folder):
        if entry.is_dir() and not entry.is_symlink():
            yield from _below(entry)
        elif entry.suffix.lower() in PICTURE_SUFFIXES and entry.is_file():
            yield entry


def _of_files(files: Sequence[Path]) -> list[Loose]:
    names = [printable(os.fspath(file)) for file in files]  # any bytes may be a file's name
    encoded = Encoded(tuple(files), names.__getitem__)
    return [Loose(names, partial(_decoded, encoded))] if files else []


def _decoded(encoded: Encoded, start: int, end: int, form: Form) -> Pixels:
    out = np.empty((end - start, *form.shape), dtype=np.uint8)
    with quiet():
        for place in range(start, end):
            with opened(encoded, place) as picture:
                out[place - start] = form.fitted(picture, encoded.where(place))
    return out


def _of_arrays(path: Path) -> Loose:
    try:
        there = array_names(path)
        stored = {name: stored_npz(path, name) for name in there}
        name = next((name for name in _ARRAYS if name in stored), None)
        fitting = [name] if name is not None else [name for name in there if _holds_pictures(stored[name])]
        if len(fitting) != 1 or not _holds_pictures(stored[fitting[0]]):
            allowed = f"an array {', '.join(_ARRAYS)} of uint8 (n, height, width) or (n, height, width, channels)"
            told = ", ".join(f"{name} ({one.dtype} of shape {one.shape})" for name, one in stored.items())
            raise DataError(str(path), allowed, told or "none")
        pixels = stored[fitting[0]].read()
    except (ValueError, OSError) as error:
        raise DataError(str(path), "an .npz file of plain arrays", str(error)) from None
    return of_array(pixels.astype(np.uint8, copy=False), printable(str(path)))


def _holds_pictures(stored: Stored) -> bool:
    return stored.dtype == np.uint8 and (stored.ndim == 3 or (stored.ndim == 4 and stored.shape[3] in (1, 3)))


def of_array(pixels: Values, name: str) -> Loose:
    """An array of pictures, uint8 (n, height, width) or (n, height, width, channels).

    Args:
        pixels: the pictures.
        name: the table calls them `name[0]`, `name[1]`, ...
    """
    whole = pixels if pixels.ndim == 4 else pixels[..., np.newaxis]
    names = [f"{name}[{row}]" for row in range(len(whole))]

    def read(start: int, end: int, form: Form) -> Pixels:
        if whole.shape[1:] == form.shape:
            return np.ascontiguousarray(whole[start:end], dtype=np.uint8)
        rows = (row[..., 0] if row.shape[2] == 1 else row for row in whole[start:end])
        return np.stack([form.fitted(Image.fromarray(row), names[start + i]) for i, row in enumerate(rows)])

    return Loose(names, read)


def _of_table(path: Path) -> Loose:
    column = picture_column(path)
    with readable_parquet(path):
        read = pl.read_parquet(path, columns=[column], glob=False, hive_partitioning=False)[column]
    cells = encoded_cells(str(path), read)
    if cells.null_count():
        raise DataError(f"{path} row {cells.is_null().arg_max()}", "the bytes of a picture", "nothing")
    names = [f"{printable(str(path))}[{row}]" for row in range(len(cells))]
    return Loose(names, partial(_decoded, Encoded(cells.to_list(), names.__getitem__)))
