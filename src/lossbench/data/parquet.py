"""A Hugging Face dataset folder in Parquet: shards per split, pictures or features in columns, labels in another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl

from lossbench.data.asked import Asked
from lossbench.data.checked import checked
from lossbench.data.decode import Encoded, decode
from lossbench.data.features import Columns, columns_of, readable_parquet
from lossbench.data.found import SPLITS, Found, Names, visible, which_test
from lossbench.data.parquet_cells import Cells
from lossbench.data.pictures import Pictures
from lossbench.data.tables import from_frames, named_labels
from lossbench.errors import DataError

__all__ = ["configurations", "look"]

Shards = Mapping[str, tuple[Path, ...]]

# train.parquet, train-00000-of-00005.parquet
_SHARD = re.compile(rf"({'|'.join(SPLITS)})([-_.].*)?\.parquet")


def look(path: Path, asked: Asked) -> Found | None:
    """Recognises `train-*.parquet`, `data/train-*.parquet`, `CONFIG/train-*.parquet`, `CONFIG/train/0000.parquet`.

    Raises:
        DataError: several configurations, no split to train or test with, or unreadable metadata.
    """
    found = _configuration(path) if path.is_dir() else None
    if found is None:
        return None
    folder, shards = found
    if "train" not in shards:
        raise DataError(str(folder), "a split called train", f"only {', '.join(sorted(shards))}")
    used = {split: shards[split] for split in ("train", which_test(folder, shards))}
    first, second = used
    train = columns_of(used[first][0], asked)
    test = columns_of(used[second][0], asked, train)
    columns = {first: train, second: test}
    if train.class_names and test.class_names and train.class_names != test.class_names:
        allowed = f"the classes of the training split, {', '.join(train.class_names)}"
        raise DataError(f"{folder}, test", allowed, ", ".join(test.class_names))
    files = tuple(file for split in used.values() for file in split)
    return Found(files, partial(_decode, folder, used, columns, asked.size), train.class_names)


def configurations(names: Iterable[str]) -> list[str]:
    """The folders that each hold shards; none where shards lie beside them.

    Args:
        names: of files, with `/` between the folders.
    """
    found = set()
    for name in names:
        *folders, file = name.split("/")
        if name.startswith(".") or "/." in name:
            continue
        if _is_shard(folders, file):
            return []
        if _is_shard(folders[1:], file):
            found.add(folders[0])
    return sorted(found)


def _is_shard(folders: Sequence[str], file: str) -> bool:
    """Whether a file lies as `train-*.parquet` or `train/0000.parquet`."""
    in_split = len(folders) == 1 and folders[0] in SPLITS and file.endswith(".parquet")
    return in_split or (not folders and _SHARD.fullmatch(file) is not None)


def _folders(root: Path) -> list[Path]:
    return [entry for entry in visible(root) if entry.is_dir()]


def _configuration(root: Path) -> tuple[Path, Shards] | None:
    """The folder that holds the shards: the root, or the only one of its subfolders that has any."""
    if shards := _shards(root):
        return root, shards
    found = [(folder, shards) for folder in _folders(root) if (shards := _shards(folder))]
    if len(found) > 1:
        names = ", ".join(folder.name for folder, _ in found)
        hint = f"write {found[0][0]}, for instance"
        raise DataError(str(root), "one configuration", f"several: {names}", hint)
    return found[0] if found else None


def _shards(folder: Path) -> Shards:
    """The Parquet files of each split, sorted by name."""
    shards: dict[str, list[Path]] = {}
    for entry in visible(folder):
        if entry.name in SPLITS and entry.is_dir():
            shards.setdefault(entry.name, []).extend(f for f in visible(entry) if f.suffix == ".parquet")
        elif match := _SHARD.fullmatch(entry.name):
            shards.setdefault(match[1], []).append(entry)
    return {split: tuple(files) for split, files in shards.items() if files}


def _decode(
    folder: Path,
    shards: Shards,
    columns: Mapping[str, Columns],
    size: tuple[int, int] | None,
    name: str,
    class_names: Names | None,
) -> Pictures:
    if columns["train"].picture is None:
        return _decode_vectors(folder, shards, columns, name)
    read = {split: _read(f"{folder}, {split}", files, columns[split]) for split, files in shards.items()}
    (train, train_labels), (test, test_labels) = read.values()
    train_pixels, test_pixels, others = decode(train, test, size=size)
    if train_labels.dtype.is_integer() and test_labels.dtype.is_integer():
        first, second = train_labels.to_numpy(), test_labels.to_numpy()
        names = next(iter(columns.values())).class_names or class_names
    else:
        first, second, names = named_labels(str(folder), train_labels, test_labels)
    return replace(checked(name, str(folder), (train_pixels, first), (test_pixels, second), names), resized=others)


def _decode_vectors(folder: Path, shards: Shards, columns: Mapping[str, Columns], name: str) -> Pictures:
    frames = [_rows(f"{folder}, {split}", files) for split, files in shards.items()]
    label = columns["train"].label
    if label not in frames[1].columns:
        raise DataError(f"{folder}, test", f"a column of labels called {label}", ", ".join(frames[1].columns))
    return from_frames(name, str(folder), frames[0], frames[1], label, columns["train"].class_names)


def _rows(place: str, files: tuple[Path, ...]) -> pl.DataFrame:
    """All rows of a split, whose files have the columns of the first in any order."""
    read: list[pl.DataFrame] = []
    for file in files:
        with readable_parquet(file):
            frame = pl.read_parquet(file, glob=False, hive_partitioning=False)
        names = (read or [frame])[0].columns
        if sorted(frame.columns) != sorted(names):
            raise DataError(str(file), f"the columns of {files[0].name}, {', '.join(names)}", ", ".join(frame.columns))
        read.append(frame.select(names))
    return _joined(place, read, "vertical_relaxed")


def _joined(place: str, read: list[pl.DataFrame], how: Literal["vertical", "vertical_relaxed"]) -> pl.DataFrame:
    try:
        return pl.concat(read, how=how, rechunk=True)
    except pl.exceptions.PolarsError as error:
        raise DataError(place, "files whose columns are of one type each", str(error)) from None


def _read(place: str, files: tuple[Path, ...], columns: Columns) -> tuple[Encoded, pl.Series]:
    labels = _joined(place, [_labels(file, columns.label).to_frame() for file in files], "vertical")[columns.label]
    pictures = Cells(place, files, columns.picture or "")
    if not len(pictures):
        raise DataError(place, "at least one picture", "none")
    if labels.null_count():
        raise DataError(f"{place} row {labels.is_null().arg_max()}", "a label", "nothing")
    return Encoded(pictures, lambda row: f"{place} row {row}"), labels


def _labels(file: Path, column: str) -> pl.Series:
    """The labels of one shard, with the type that they must have."""
    with readable_parquet(file):
        labels = pl.read_parquet(file, columns=[column], glob=False, hive_partitioning=False)[column]
    if labels.dtype == pl.String:
        return labels
    if not labels.dtype.is_integer():
        raise DataError(str(file), f"whole numbers or words in column {column!r}", str(labels.dtype))
    return labels.cast(pl.Int64, strict=False)
