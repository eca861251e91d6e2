"""A folder of decoded pictures: written once by atomic rename, memory-mapped by everyone who reads it."""

from __future__ import annotations

import io
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from lossbench.data.arrays import stored_npy, stored_npz
from lossbench.data.pictures import Labels, Pictures, Split, Values, digest_of, hash_of, label_digest, parts_of
from lossbench.errors import StoreError
from lossbench.files import write_atomically, writing

__all__ = ["read_pictures", "write_labels", "write_pictures"]

_KINDS = ((np.dtype(np.uint8), 4), (np.dtype(np.float32), 2))  # pictures, and feature vectors
_ZIP_END = 22  # bytes of the record at the end of a zip archive without a comment


def write_pictures(pictures: Pictures, folder: Path) -> None:
    """Writes decoded pictures.

    The folder appears whole or not at all. Where it exists already, another process won, and nothing is changed.

    Args:
        pictures: what is written.
        folder: `train_pictures.npy`, `train_labels.npy`, `test_pictures.npy`, `test_labels.npy`, `classes.json` and
            `samples.npz` will lie in it.

    Raises:
        SaveDirError: the folder cannot be written.
    """
    if folder.is_dir():
        return
    draft = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        with writing("--save-dir", folder):
            draft.mkdir(parents=True)
            _write(pictures, draft)
            _rename(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_pictures(folder: Path, *, every_pixel: bool = False) -> Pictures:
    """Reads what `write_pictures` wrote.

    The pictures are mapped, not read: writing into them (which no one should) would change a private copy. So the
    labels, class names and shapes are held against the digest, and of the pictures no more than type and shape, unless
    every pixel is asked for.

    Args:
        folder: the folder of decoded pictures.
        every_pixel: whether the pictures are read once, and held against the digest, too.

    Raises:
        StoreError: a file is missing or damaged, or they do not belong together.
    """
    try:
        about = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
        train, test = _read_split(folder, "train"), _read_split(folder, "test")
        _check(about, {"train": train, "test": test})
        _check_ends(folder, {"train": train, "test": test})
        for split, each in {"train": train, "test": test}.items() if every_pixel else ():
            if hash_of(each.pictures) != about["arrays"][f"{split}_pictures"]:
                raise ValueError(f"{split}_pictures.npy holds other pictures than were written")
        names, digest = tuple(about["class_names"]), str(about["digest"])
        pictures = Pictures(str(about["name"]), train, test, names, digest, _other_labels(folder, len(train)))
        if every_pixel and not _has_samples(folder / "samples.npz", pictures):
            raise ValueError("samples.npz holds other pictures than were written")
    except OSError as error:
        raise _damaged(folder, f"{error.filename or folder}: {error.strerror or error}") from None
    except Exception as error:  # whatever damage makes of the readers of JSON, of array headers, of zip files
        raise _damaged(folder, str(error)) from None
    return pictures


def write_labels(pictures: Pictures, folder: Path) -> None:
    """Writes the other labels that pictures carry as `labels/<their digest>.npy`, as far as they are not there.

    Args:
        pictures: what is written.
        folder: the folder of decoded pictures.

    Raises:
        SaveDirError: the folder cannot be written.
    """
    with writing("--save-dir", folder):
        for digest, labels in pictures.other_labels.items():
            (folder / "labels").mkdir(exist_ok=True)
            path = folder / "labels" / f"{digest}.npy"
            if _whole_labels(path, len(labels)) is None:
                buffer = io.BytesIO()
                np.save(buffer, labels, allow_pickle=False)
                write_atomically(path, buffer.getvalue())


def _other_labels(folder: Path, number: int) -> dict[str, Labels]:
    """Those that are whole: they belong to single studies, and must not keep the others from their pictures."""
    found = {path.stem: _whole_labels(path, number) for path in sorted((folder / "labels").glob("*.npy"))}
    return {digest: labels for digest, labels in found.items() if labels is not None}


def _whole_labels(path: Path, number: int) -> Labels | None:
    """The labels (number,) of a file that holds what its name says, or None."""
    try:
        stored = stored_npy(path)
        if stored.shape != (number,) or stored.dtype != np.int64:
            return None
        labels = stored.read().astype(np.int64, copy=False)
    except Exception:  # as above
        return None
    return labels if label_digest(labels) == path.stem else None


def _write(pictures: Pictures, draft: Path) -> None:
    splits = {"train": pictures.train, "test": pictures.test}
    for name, split in splits.items():
        _save(draft / f"{name}_pictures.npy", split.pictures)
        _save(draft / f"{name}_labels.npy", split.labels)
    samples, labels = pictures.samples()
    with _kept(draft / "samples.npz") as file:
        np.savez_compressed(file, pictures=samples, labels=labels)
    about = {
        "name": pictures.name,
        "class_names": list(pictures.class_names),
        "digest": pictures.digest,
        "shapes": {name: list(split.pictures.shape) for name, split in splits.items()},
        "arrays": parts_of(pictures.train, pictures.test),
    }
    with _kept(draft / "classes.json") as file:
        file.write(json.dumps(about, indent=1).encode())


def _save(path: Path, array: npt.NDArray[np.generic]) -> None:
    with _kept(path) as file:
        plain = _Plain(file.write)
        np.save(plain, array, allow_pickle=False)


@dataclass(frozen=True)
class _Plain:
    """A file that NumPy has to write to: into one that it knows it lets C write, which forgets what went wrong."""

    write: Callable[[bytes], int]


@contextmanager
def _kept(path: Path) -> Iterator[IO[bytes]]:
    """A new file that is on the disk when it is closed."""
    with path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _rename(draft: Path, folder: Path) -> None:
    """Renaming onto a folder with files in it fails on every system: then another process was first."""
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _read_split(folder: Path, split: str) -> Split:
    pictures, labels = (stored_npy(folder / f"{split}_{kind}.npy") for kind in ("pictures", "labels"))
    return Split(cast("Values", pictures.mapped()), cast("Labels", labels.read()))  # their types are checked next


def _check_ends(folder: Path, splits: Mapping[str, Split]) -> None:
    """Raises ValueError where a file goes on after its array, which whoever reads the array does not notice."""
    for split, each in splits.items():
        for name, array in ((f"{split}_pictures.npy", each.pictures), (f"{split}_labels.npy", each.labels)):
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
            if (folder / name).stat().st_size != len(header.getvalue()) + array.nbytes:
                raise ValueError(f"{name} is longer than its array")


def _has_samples(path: Path, pictures: Pictures) -> bool:
    """Whether a file holds the samples of pictures, and ends with its zip archive."""
    with path.open("rb") as stream:
        stream.seek(-_ZIP_END, os.SEEK_END)
        ends = stream.read().startswith(b"PK\5\6")
    found = stored_npz(path, "pictures"), stored_npz(path, "labels")
    expected, labels = pictures.samples()
    if not ends or found[0].shape != expected.shape or found[1].shape != labels.shape:
        return False
    return np.array_equal(found[0].read(), expected) and np.array_equal(found[1].read(), labels)


def _check(about: Mapping[str, Any], splits: Mapping[str, Split]) -> None:
    """Raises ValueError where arrays and `classes.json` do not belong together."""
    for name, split in splits.items():
        kind = (split.pictures.dtype, split.pictures.ndim)
        if kind not in _KINDS or list(split.pictures.shape) != about["shapes"][name]:
            raise ValueError(f"{name}_pictures.npy is {split.pictures.dtype} of shape {split.pictures.shape}")
        if split.labels.shape != split.pictures.shape[:1]:
            raise ValueError(f"{name}_labels.npy is of shape {split.labels.shape}")
        if hash_of(split.labels) != about["arrays"][f"{name}_labels"]:
            raise ValueError(f"{name}_labels.npy holds other labels than were written")
    if digest_of(about["arrays"], about["class_names"]) != about["digest"]:
        raise ValueError("classes.json does not fit its digest")


def _damaged(folder: Path, why: str) -> StoreError:
    return StoreError(f"{folder}: the decoded pictures are damaged ({why}); the next run makes them anew", why)
