"""Ctrl-C and its like: the first leaves in order, the second at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["INTERRUPTED", "interruptible"]

INTERRUPTED = 130
"""What a command gives back after an interrupt, as shells have it for Ctrl-C: what it did can be gone on with."""

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C, `kill` or the end of a job's time, the end of the terminal
_SHOW_CURSOR = "\x1b[?25h"  # progress bars hide it


@contextmanager
def interruptible(words: str) -> Iterator[None]:
    """Makes each of the signals that ask a process to leave a KeyboardInterrupt, and a second one the end.

    A signal that whoever started the process had ignored (`nohup`) stays ignored.

    Args:
        words: what is said at the second.
    """
    seen: list[int] = []

    def heard(number: int, _: FrameType | None) -> None:
        if seen:
            cursor = _SHOW_CURSOR if sys.stdout.isatty() else ""
            os.write(2, f"{cursor}{words}\n".encode(errors="backslashreplace"))
            os._exit(INTERRUPTED)  # worker processes leave when this one is gone
        seen.append(number)
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    usual = (signal.SIG_DFL, signal.default_int_handler)
    before = {number: handler for number in numbers if (handler := signal.getsignal(number)) in usual}
    for number in before:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
