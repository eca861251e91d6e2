"""A folder with `train.csv` and `test.csv`: rows of numbers with a label each."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl

from lossbench.data.asked import Asked
from lossbench.data.found import SPLITS, Found, Names, which_test
from lossbench.data.limits import check_fits
from lossbench.data.pictures import Pictures
from lossbench.data.tables import from_frames, label_column
from lossbench.errors import DataError

__all__ = ["look", "read_csv_table"]

_COMPRESSED = (b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"\x28\xb5\x2f\xfd")  # gzip, zlib, zstandard


def look(path: Path, asked: Asked) -> Found | None:
    """Recognises `train.csv` beside `test.csv` (or `val.csv`, ...), and says of a single table what it lacks.

    Raises:
        DataError: a single table, or no test table.
    """
    if path.suffix.lower() == ".csv" and path.is_file():
        raise DataError(str(path), "a folder with train.csv and test.csv, or an .npz file", "a single table")
    if not (path / "train.csv").is_file():
        return None
    tables = {split: path / f"{split}.csv" for split in SPLITS if (path / f"{split}.csv").is_file()}
    files = tables["train"], tables[which_test(path, tables)]
    return Found(files, partial(_decode, path, files, asked))


def _decode(folder: Path, files: tuple[Path, Path], asked: Asked, name: str, class_names: Names | None) -> Pictures:
    del class_names  # the labels are the class names
    train, test = (read_csv_table(file) for file in files)
    label = label_column(str(files[0]), train.columns, asked)
    if label not in test.columns:
        raise DataError(str(files[1]), f"a column of labels called {label}", ", ".join(test.columns))
    return from_frames(name, str(folder), train, test, label)


def read_csv_table(file: Path) -> pl.DataFrame:
    """A table with a head.

    Raises:
        DataError: it cannot be read, is compressed, or larger than the machine's memory.
    """
    check_fits(str(file), file.stat().st_size)
    with file.open("rb") as stream:
        if stream.read(4).startswith(_COMPRESSED):  # Polars would unpack it, to whatever size
            raise DataError(str(file), "a plain CSV table", "a compressed one")
    try:
        # Opened here: a path given to Polars is a pattern, in which `*` and `[` mean something else.
        with file.open("rb") as stream:
            return pl.read_csv(stream, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        raise DataError(str(file), "a readable CSV table with a head", str(error)) from None
