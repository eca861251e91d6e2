"""A node's folder for one run: its data, the user's code and the trials that are trained there just now.

It lies in the system's folder for temporary files. All worker processes of a run on a node share it, each holding it
by a lock that ends with the process. The run removes it at its end; what a run that was killed left behind is removed
by the next one that comes to the node.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

__all__ = ["Scratch", "remove"]

_LOCK = ".lock"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Scratch:
    """A run's folder on this node, held by this process until it ends.

    Args:
        session: names the run.

    Raises:
        OSError: it cannot be made, or somebody else could write there.
    """

    def __init__(self, session: str) -> None:
        self.session = session
        self.folder = _root() / session
        self._held = _hold(self.folder.with_suffix(_LOCK))
        _sweep(session)
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def leave(self) -> None:
        """Lets go of it, for others to remove."""
        self._held.close()


def remove(session: str) -> None:
    """Removes a run's folder from this node, at the run's end."""
    shutil.rmtree(_root() / session, ignore_errors=True)
    (_root() / session).with_suffix(_LOCK).unlink(missing_ok=True)


def _root() -> Path:
    """This user's folder for scratch, which nobody else may write to: code is imported from it."""
    owner = os.getuid() if hasattr(os, "getuid") else ""
    root = Path(tempfile.gettempdir()) / f"lossbench-ray-{owner}"
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or (owner != "" and (found.st_uid != owner or found.st_mode & _OTHERS)):
        raise PermissionError(f"{root} is no folder of this user's alone")
    return root


def _hold(path: Path) -> IO[bytes]:
    """Opens a file and locks it together with the other processes of the run."""
    while True:
        file = path.open("ab")
        if sys.platform != "win32":
            fcntl.flock(file.fileno(), fcntl.LOCK_SH)
        with suppress(FileNotFoundError):  # it was swept between the two
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                return file
        file.close()


def _sweep(session: str) -> None:
    """Removes what other runs left behind that no process holds any more."""
    for path in _root().glob(f"*{_LOCK}"):
        if path.stem == session or sys.platform == "win32":
            continue
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            path.unlink(missing_ok=True)
