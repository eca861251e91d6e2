"""Every layout that a path of pictures may have, tried in turn."""

from __future__ import annotations

from pathlib import Path

from lossbench.data import cifar, csv_tables, idx, image_folder, npz, parquet
from lossbench.data.asked import NOTHING, Asked
from lossbench.data.found import Found, visible
from lossbench.errors import DataError

__all__ = ["look", "unknown_layout"]

_LAYOUTS = {
    "a Hugging Face dataset folder in Parquet (train-*.parquet and test-*.parquet)": parquet.look,
    "a folder of the four idx files of MNIST (train-images-idx3-ubyte.gz, ...)": idx.look,
    "the Python version of CIFAR-10 or CIFAR-100 (cifar-10-batches-py, or its .tar.gz)": cifar.look,
    "a folder train/CLASS/*.png beside test/CLASS/*.png": image_folder.look,
    "a folder with train.csv and test.csv": csv_tables.look,
    "an .npz file with x_train, y_train, x_test, y_test": npz.look,
}
_COLUMNS = {  # of which layouts each of what is asked may be
    "image_column": (parquet.look,),
    "label_column": (parquet.look, csv_tables.look, cifar.look),
}
_SHOWN = 4  # entries of a folder, in an error


def look(path: Path, asked: Asked = NOTHING) -> Found | None:
    """What the first layout that recognises a path found there; None where no layout does.

    Args:
        path: a file or a folder.
        asked: what is asked of the data.

    Raises:
        DataError: a layout recognises the path, and something is wrong with it, or it has no columns to choose from.
    """
    for layout in _LAYOUTS.values():
        found = layout(path, asked)
        if found is not None:
            for field, layouts in _COLUMNS.items():
                if getattr(asked, field) is not None and layout not in layouts:
                    raise DataError(field, f"none, for {path} has no columns to choose from", getattr(asked, field))
            return found
    return None


def unknown_layout(path: Path) -> DataError:
    """The complaint about a path that no layout recognises."""
    return DataError(str(path), ", or ".join(_LAYOUTS), _contents(path))


def _contents(path: Path) -> str:
    if not path.is_dir():
        return f"a file called {path.name}"
    names = [entry.name + "/" * entry.is_dir() for entry in visible(path)]
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"a folder with {', '.join(names[:_SHOWN])}{rest}" if names else "an empty folder"
