"""What ends a whole run: a store that no trial could be kept in, and who listens and cannot any more."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from lossbench.errors import SaveDirError
from lossbench.run.job import Event, Notify
from lossbench.store import Store

__all__ = ["Begun", "listening", "raise_if_halting"]

_NO_STORE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV, errno.EACCES, errno.EPERM}
"""What the system says where no trial could be kept: no space, no permission, no disk."""

_AGAIN = "where it is again, the same command goes on"


class _ListenerError(BaseException):
    """What was raised by who is told, which is no fault of the trial that it was told of; the cause is it."""


@contextmanager
def listening(notify: Notify) -> Iterator[Notify]:
    """Gives what tells `notify`, whose errors pass by all that contains what goes wrong in a trial.

    A pipe that nobody reads from any more, or a full disk under what is printed, ends the run and marks no trial.
    """

    def tell(event: Event) -> None:
        try:
            notify(event)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise _ListenerError from error

    try:
        yield tell
    except _ListenerError as error:
        raise error.__cause__ or error from None


def raise_if_halting(error: BaseException) -> None:
    """Raises again what is of the whole run: what `listening` lets through, and what tells that nothing can be kept.

    Other complaints about the store are one trial's.
    """
    if isinstance(error, _ListenerError):
        raise error
    if isinstance(error, SaveDirError) and getattr(error.__cause__, "errno", None) in _NO_STORE:
        raise error


class Begun:
    """The save dirs that were there when the first of their trials was begun."""

    def __init__(self) -> None:
        self._seen = set[str]()

    def check(self, save_dir: str) -> None:
        """Raises a SaveDirError where the save dir went away between two jobs.

        Nobody would look for the results of the next one in what it would make in its place.
        """
        if Store(save_dir).begun:
            self._seen.add(save_dir)
        elif save_dir in self._seen:
            received = f"{save_dir}, from which what was finished is gone"
            raise SaveDirError("--save-dir", "the folder that the run was begun in", received, _AGAIN)
