"""The command line: arguments and printing only."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from typing import NoReturn

from lossbench.cli.interrupts import INTERRUPTED, interruptible
from lossbench.errors import LossbenchError, RequestError, one_line

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and leaves with its exit code.

    0 done; 1 some trial failed; 2 the request was wrong, said in one sentence on standard error; 130 interrupted, be it
    by Ctrl-C or by being told to end.
    """
    typed = sys.argv[1:] if arguments is None else arguments
    again = f"interrupted; what was finished is kept, and this goes on: {shlex.join(['lossbench', *typed])}"
    with interruptible(f"lossbench: {again}"):
        try:
            code = _run(typed or ["--help"])
        except KeyboardInterrupt:  # while modules are imported; later the commands' framework turns it into the code
            code = INTERRUPTED
        if code == INTERRUPTED:
            _complain(again, code)
            if arguments is None:
                _leave(code)
        sys.exit(code)


def _run(typed: list[str]) -> int:
    """Runs a command; gives its exit code."""
    import typer

    from lossbench.cli.app import app

    try:
        return app(typed, prog_name="lossbench", standalone_mode=False) or 0
    except RequestError as error:
        return _complain(str(error), 2)
    except LossbenchError as error:
        return _complain(one_line(str(error)), 1)
    except typer.TyperException as error:
        return _complain(one_line(error.format_message()), 2)


def _leave(code: int) -> NoReturn:
    """Ends the process with its code: Python itself ends by the signal where it came in the midst of some imports."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(code)


def _complain(sentence: str, code: int) -> int:
    with suppress(OSError):  # the terminal is gone
        print(f"lossbench: {sentence}", file=sys.stderr)  # noqa: T201 - this is where the program speaks
    return code
