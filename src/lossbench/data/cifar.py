"""The Python versions of CIFAR-10 and CIFAR-100 as their makers publish them: pickles in a folder or a .tar.gz."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.data.asked import Asked
from lossbench.data.checked import Pair, check_count, checked
from lossbench.data.found import Found, Names
from lossbench.data.packed import check_size, unpacked
from lossbench.data.pictures import Pictures
from lossbench.data.plain_pickle import read_plain
from lossbench.errors import DataError

__all__ = ["look"]

_SIDE, _CHANNELS = 32, 3

Read = Callable[[str], bytes]


@dataclass(frozen=True)
class _Kind:
    """One of the two data sets: its folder, its pickles, and what its labels are called in them."""

    folder: str
    train: tuple[str, ...]
    test: str
    meta: str
    labels: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        return (*self.train, self.test, self.meta)

    def names(self, labels: str) -> str:
        """What the names of its labels are called."""
        return f"{labels.removesuffix('s')}_names"


_KINDS = (
    _Kind(
        "cifar-10-batches-py",
        tuple(f"data_batch_{number}" for number in range(1, 6)),
        "test_batch",
        "batches.meta",
        ("labels",),
    ),
    _Kind("cifar-100-python", ("train",), "test", "meta", ("fine_labels", "coarse_labels")),
)


def look(path: Path, asked: Asked) -> Found | None:
    """Recognises `cifar-10-batches-py`, `cifar-100-python`, a folder with one of them, and `cifar-10-python.tar.gz`.

    Raises:
        DataError: a folder with both, or with only some of the files; labels that the data set has not.
    """
    if path.is_file() and path.name.endswith((".tar.gz", ".tgz")):
        return Found((path,), partial(_decode_archive, path, asked))
    if not path.is_dir():
        return None
    found = [(kind, folder) for kind in _KINDS for folder in (path, path / kind.folder) if _is_there(kind, folder)]
    if len(found) > 1:
        names = ", ".join(kind.folder for kind, _ in found)
        raise DataError(str(path), "one data set", f"several: {names}", f"write {found[0][1]}, for instance")
    if not found:
        return None
    kind, folder = found[0]
    missing = [file for file in kind.files if not (folder / file).is_file()]
    if missing:
        raise DataError(str(folder), f"the files {', '.join(kind.files)}", f"no {' and no '.join(missing)}")
    labels = _labels(kind, asked)
    class_names = _class_names(folder / kind.meta, kind, labels, _read_file(folder, kind.meta))
    decode = partial(_decode, str(folder), kind, labels, class_names, partial(_read_file, folder))
    return Found(tuple(folder / file for file in kind.files), decode, class_names)


def _is_there(kind: _Kind, folder: Path) -> bool:
    """Whether a folder holds a data set, or a part of it."""
    return (folder / kind.meta).is_file() and (folder / kind.train[0]).is_file()


def _labels(kind: _Kind, asked: Asked) -> str:
    if asked.label_column is None:
        return kind.labels[0]
    for labels in kind.labels:
        if asked.label_column in (labels, labels.removesuffix("s")):
            return labels
    raise DataError("label_column", f"one of {', '.join(kind.labels)} for {kind.folder}", asked.label_column)


def _decode(
    place: str, kind: _Kind, labels: str, names: Names, read: Read, name: str, class_names: Names | None
) -> Pictures:
    del class_names  # the data set has its own
    batches = [_batch(f"{place}/{file}", labels, read(file)) for file in kind.train]
    train = np.concatenate([pixels for pixels, _ in batches]), np.concatenate([numbers for _, numbers in batches])
    return checked(name, place, train, _batch(f"{place}/{kind.test}", labels, read(kind.test)), names)


def _batch(place: str, labels: str, content: bytes) -> Pair:
    """The pictures and labels of one pickle."""
    values = _mapping(place, content)
    data, numbers = values.get("data"), values.get(labels)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (_CHANNELS * _SIDE**2,):
        received = f"{data.dtype} of shape {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise DataError(place, f"uint8 data of shape (n, {_CHANNELS * _SIDE**2})", received)
    if not isinstance(numbers, list) or not all(type(number) is int and abs(number) < 1 << 31 for number in numbers):
        raise DataError(place, f"whole numbers as {labels}", type(numbers).__name__)
    check_count(place, len(data), len(numbers))
    pixels = data.reshape(-1, _CHANNELS, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), np.array(numbers, dtype=np.int64)


def _class_names(place: Path, kind: _Kind, labels: str, content: bytes) -> Names:
    names = _mapping(str(place), content).get(kind.names(labels))
    if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names):
        raise DataError(str(place), f"a list of text as {kind.names(labels)}", type(names).__name__)
    return tuple(name.decode("latin-1") if isinstance(name, bytes) else name for name in names)


def _mapping(place: str, content: bytes) -> dict[str, Any]:
    try:
        values = read_plain(content)
    except ValueError as error:
        raise DataError(place, "a pickle of arrays, lists and text alone", str(error)) from None
    if not isinstance(values, dict):
        raise DataError(place, "a pickle of a mapping", type(values).__name__)
    return values


def _read_file(folder: Path, name: str) -> bytes:
    path = folder / name
    check_size(str(path), path.stat().st_size)
    return path.read_bytes()


def _decode_archive(path: Path, asked: Asked, name: str, class_names: Names | None) -> Pictures:
    """Only the files of the data set are unpacked, into memory."""
    contents = unpacked(path, [f"{kind.folder}/{file}" for kind in _KINDS for file in kind.files])
    for kind in _KINDS:
        if all(f"{kind.folder}/{file}" in contents for file in kind.files):
            own = {file: contents[f"{kind.folder}/{file}"] for file in kind.files}
            labels = _labels(kind, asked)
            names = _class_names(path / kind.meta, kind, labels, own[kind.meta])
            return _decode(str(path), kind, labels, names, own.__getitem__, name, class_names)
    allowed = " or ".join(f"the files of {kind.folder}" for kind in _KINDS)
    raise DataError(str(path), allowed, ", ".join(contents) or "none of them")
