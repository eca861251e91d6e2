"""A folder of pictures in `split/class/`, as most people keep their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from lossbench.data.asked import Asked
from lossbench.data.checked import checked
from lossbench.data.decode import Encoded, decode
from lossbench.data.found import SPLITS, Found, Names, visible, which_test
from lossbench.data.pictures import Labels, Pictures
from lossbench.errors import DataError

__all__ = ["look"]

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")

Listed = tuple[tuple[Path, ...], Labels]


def look(path: Path, asked: Asked) -> Found | None:
    """Recognises `train/CLASS/*.png` beside `test/CLASS/*.png` (or `val`, `valid`, `validation`).

    Raises:
        DataError: no test folder, no class folders, a class without pictures, or one that only the test has.
    """
    if not (path / "train").is_dir():
        return None
    test = which_test(path, [split for split in SPLITS if (path / split).is_dir()])
    classes = _classes(path / "train")
    extra = sorted(set(_classes(path / test)) - set(classes))
    if extra:
        raise DataError(str(path / test / extra[0]), f"one of the classes of train, {', '.join(classes)}", extra[0])
    splits = (_listed(path / "train", classes, True), _listed(path / test, classes, False))
    files = tuple(file for listed, _ in splits for file in listed)
    return Found(files, partial(_decode, path, classes, splits, asked.size), classes)


def _classes(split: Path) -> Names:
    """The class names of a split: its folders, sorted."""
    entries = visible(split)
    classes = tuple(entry.name for entry in entries if entry.is_dir())
    if not classes:
        received = f"{sum(_is_picture(entry) for entry in entries)} pictures without labels"
        raise DataError(str(split), "one folder per class with its pictures", received)
    return classes


def _listed(split: Path, classes: Sequence[str], required: bool) -> Listed:
    """The pictures of a split with their labels, class by class."""
    files: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        folder = split / name
        pictures = sorted(filter(_is_picture, visible(folder)), key=_natural) if folder.is_dir() else []
        if not pictures and (required or folder.is_dir()):
            raise DataError(str(folder), f"pictures of the class ({', '.join(_SUFFIXES)})", "none")
        files += pictures
        labels += [label] * len(pictures)
    return tuple(files), np.array(labels, dtype=np.int64)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and path.is_file()


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """`2.png` before `10.png`; the name itself settles what is equal but for leading zeros."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name)
    return [(int(part), "") if part[0] in "0123456789" else (-1, part) for part in parts], path.name


def _decode(
    root: Path,
    classes: Names,
    splits: tuple[Listed, Listed],
    size: tuple[int, int] | None,
    name: str,
    class_names: Names | None,
) -> Pictures:
    del class_names  # the folders' names are the class names
    (train, train_labels), (test, test_labels) = splits
    first, second, others = decode(_encoded(train), _encoded(test), size=size)
    return replace(checked(name, str(root), (first, train_labels), (second, test_labels), classes), resized=others)


def _encoded(files: Sequence[Path]) -> Encoded:
    return Encoded(files, lambda position: str(files[position]))
