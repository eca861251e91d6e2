"""The format of a save dir, as its store.json says it."""

from __future__ import annotations

from pathlib import Path

from lossbench.errors import SaveDirError
from lossbench.files import holds, read_regular, write_atomically
from lossbench.store.sealed import FORMAT, NewerError, sealed, unsealed

__all__ = ["NAME", "check_format", "format_fault", "newer", "note_format"]

NAME = "store.json"


def check_format(root: Path) -> None:
    """Refuses a save dir of a later format; one that is older, or says nothing readable, is read for what it is.

    Raises:
        SaveDirError: a later lossbench wrote it.
    """
    try:
        unsealed(read_regular(root / NAME))
    except NewerError as error:
        raise newer(root / NAME, error) from None
    except (OSError, ValueError):  # each document in it says its own format
        return


def newer(path: Path, error: NewerError) -> SaveDirError:
    """The complaint about a document that a later lossbench wrote."""
    return SaveDirError("save dir", f"one whose format is at most {FORMAT}", f"{path}: {error}", "update lossbench")


def format_fault(root: Path) -> str:
    """What is wrong with store.json; empty where it is whole, or missing as in a save dir of format 1."""
    try:
        unsealed(read_regular(root / NAME))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def note_format(root: Path) -> None:
    """Writes store.json, unless it says already what it should."""
    path, text = root / NAME, sealed({"lossbench": "a save dir"})
    if not holds(path, text):
        root.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
