"""The command line: arguments and printing only."""

from __future__ import annotations

import shlex
import sys

from lossbench.errors import LossbenchError, RequestError

__all__ = ["main"]

INTERRUPTED = 130
"""What a command gives back after Ctrl-C, by the shells' convention."""


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and leaves with its exit code.

    0 done; 1 some trial failed; 2 the request was wrong, said in one sentence on standard error; 130 interrupted.
    """
    import typer

    from lossbench.cli.app import app

    typed = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(typed or ["--help"], prog_name="lossbench", standalone_mode=False) or 0
    except RequestError as error:
        sys.exit(_complain(str(error), 2))
    except LossbenchError as error:
        sys.exit(_complain(str(error), 1))
    except typer.TyperException as error:
        sys.exit(_complain(error.format_message(), 2))
    if code == INTERRUPTED:
        again = shlex.join(["lossbench", *typed])
        _complain(f"interrupted; what was finished is kept, and this goes on: {again}", code)
    sys.exit(code)


def _complain(sentence: str, code: int) -> int:
    print(f"lossbench: {sentence}", file=sys.stderr)  # noqa: T201 - this is where the program speaks
    return code
