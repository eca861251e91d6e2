"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from lossbench.errors import SaveDirError

if sys.platform != "win32":
    import fcntl

__all__ = [
    "check_file",
    "check_regular",
    "drafts",
    "holds",
    "is_held",
    "read_regular",
    "remove_draft",
    "sweep",
    "unwritable",
    "write_atomically",
    "write_together",
    "writing",
    "writing_file",
]

_DRAFT = ".tmp"
_RANDOM_BYTES = 4  # in a draft's name, written as twice as many hex digits
_FILE = "a file that can be written"


def write_atomically(path: Path, content: bytes | str) -> None:
    """Writes a file by a draft beside it, flush, fsync and rename: a reader meets the old file or the new one.

    The folder is made durable too, so that files written one after the other outlast a power cut in that order.

    Raises:
        OSError: the folder cannot be written; the old file, if any, is untouched and no draft stays behind.
    """
    _write_twice(path, content.encode() if isinstance(content, str) else content)
    _settle(path.parent)


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes several files of a folder, each as `write_atomically` does; the folder is made durable once, at the end.

    Args:
        folder: which is there.
        contents: what each file is to hold, by its name.

    Raises:
        OSError: the folder cannot be written; the files before the one that could not are there.
    """
    for name, data in contents.items():
        _write_twice(folder / name, data)
    _settle(folder)


def _write_twice(path: Path, data: bytes) -> None:
    try:
        _write(path, data)
    except FileNotFoundError:  # the draft was swept by another process, in the moment before or after it was held
        _write(path, data)


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(_RANDOM_BYTES)}{_DRAFT}")
    try:
        with draft.open("wb") as file:
            _hold(file)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:  # a write or a flush does not say of which file it is, and nobody knows the draft
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        draft.unlink(missing_ok=True)


def holds(path: Path, text: str) -> bool:
    """Whether a file holds a text."""
    try:
        return read_regular(path).decode() == text
    except (OSError, ValueError):
        return False


def read_regular(path: Path) -> bytes:
    """What a file holds; nothing is waited for that is no file: a pipe, or a device that never ends.

    Raises:
        OSError: it cannot be read, or is something else.
    """
    check_regular(path)
    return path.read_bytes()


def check_regular(path: Path) -> None:
    """Raises an OSError unless a path leads to a file."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no file", str(path))


def is_held(lock: Path) -> bool:
    """Whether a process holds a lock. It is asked by reading, so that it can be where nothing can be written."""
    if sys.platform == "win32":  # which has no such locks
        return False
    try:
        with lock.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # there is no lock, or a file system without them
        return False
    return False


def drafts(folder: Path, *, of: str = "*", below: bool = True) -> list[Path]:
    """The drafts that `write_atomically` left in a folder and nobody is writing any more, sorted.

    Nobody else's hidden file is one of them: a draft is named as the file that it becomes, and eight hex digits.

    Args:
        folder: where.
        of: the name of the file that is drafted; of any by default.
        below: whether in the folders below it, too.
    """
    pattern = f"{'**/' if below else ''}.{of}.{'[0-9a-f]' * (2 * _RANDOM_BYTES)}{_DRAFT}"
    return [path for path in sorted(folder.glob(pattern)) if path.is_file() and _unheld(path)]


def remove_draft(draft: Path) -> None:
    """Removes a draft unless it is being written."""
    with suppress(OSError), draft.open("rb") as file:
        if _hold(file):
            draft.unlink()


def sweep(folder: Path, *, of: str = "*", below: bool = True) -> None:
    """Removes the drafts in a folder whose writers were killed; the arguments are those of `drafts`."""
    for draft in drafts(folder, of=of, below=below):
        remove_draft(draft)


def _unheld(draft: Path) -> bool:
    """Whether nobody is writing a draft any more."""
    with suppress(OSError), draft.open("rb") as file:
        return _hold(file)
    return False


@contextmanager
def writing(field: str, folder: Path) -> Iterator[None]:
    """Says in one sentence that a folder could not be written after all: a full disk, a folder taken away.

    Args:
        field: what the complaint is about, in the user's words.
        folder: what is written to, for errors that name no file of their own.

    Raises:
        SaveDirError: in the place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(field, f"{error.filename or folder}: {error.strerror or error}") from error


@contextmanager
def writing_file(field: str, file: Path) -> Iterator[None]:
    """The same of a file that the user named, which is in no save dir: nothing of it is kept, and nothing goes on.

    Raises:
        SaveDirError: in the place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise SaveDirError(field, _FILE, f"{error.filename or file}: {error.strerror or error}") from error


def check_file(field: str, file: Path) -> None:
    """Refuses a path that no file can be written to, before there is anything to write.

    Raises:
        SaveDirError: it is a folder, or its folder is not there.
    """
    if file.is_dir():
        raise SaveDirError(field, _FILE, str(file), "it is a folder")
    if not file.parent.is_dir():
        raise SaveDirError(field, _FILE, str(file), f"{file.parent} is no folder")


def check_writable(field: str, folder: Path) -> None:
    """Tries a folder, or while it does not exist the nearest one above it; leaves nothing behind.

    Raises:
        SaveDirError: it cannot be made or written.
    """
    place = folder
    try:
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise NotADirectoryError(None, f"{place} is a file")
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise SaveDirError(field, "a folder that can be written", str(folder), error.strerror or "") from None


def unwritable(field: str, where: str) -> SaveDirError:
    """The complaint about a folder that could not be written after all, which says what to do about it."""
    hint = "what was finished is kept; when this is mended, the same command goes on"
    return SaveDirError(field, "a folder that can be written", where, hint)


def _hold(file: IO[bytes]) -> bool:
    """Locks a draft until it is closed, which a killed writer's is; whether it could be told that nobody held it."""
    if sys.platform == "win32":  # which has no such locks: drafts of the killed stay behind
        return False
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks
        return False
    return True


def _settle(folder: Path) -> None:
    """Makes the names in a folder durable, as far as the system can."""
    with suppress(OSError):  # some file systems, and Windows, do not know how
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
