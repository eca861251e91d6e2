"""Every layout that a path of pictures may have, tried in turn."""

from __future__ import annotations

from pathlib import Path

from lossbench.data import idx, image_folder, npz, parquet
from lossbench.data.found import Found, visible
from lossbench.errors import DataError

__all__ = ["look", "unknown_layout"]

_LAYOUTS = {
    "a Hugging Face dataset folder in Parquet (train-*.parquet and test-*.parquet)": parquet.look,
    "a folder of the four idx files of MNIST (train-images-idx3-ubyte.gz, ...)": idx.look,
    "a folder train/CLASS/*.png beside test/CLASS/*.png": image_folder.look,
    "an .npz file with x_train, y_train, x_test, y_test": npz.look,
}
_SHOWN = 4  # entries of a folder, in an error


def look(path: Path) -> Found | None:
    """What the first layout that recognises a path found there; None where no layout does.

    Raises:
        DataError: a layout recognises the path, and something is wrong with it.
    """
    answers = (layout(path) for layout in _LAYOUTS.values())
    return next((found for found in answers if found is not None), None)


def unknown_layout(path: Path) -> DataError:
    """The complaint about a path that no layout recognises."""
    return DataError(str(path), ", or ".join(_LAYOUTS), _contents(path))


def _contents(path: Path) -> str:
    if not path.is_dir():
        return f"a file called {path.name}"
    names = [entry.name + "/" * entry.is_dir() for entry in visible(path)]
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"a folder with {', '.join(names[:_SHOWN])}{rest}" if names else "an empty folder"
