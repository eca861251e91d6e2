"""The command line, run as its users run it but in this process: exit code, standard output, standard error."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lossbench.cli import main

QUICK = ("--epochs", "2", "--seeds", "2", "--model", "mlp", "--executor", "inline")
"""Options that make a run on digits a matter of a second."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class Runner:
    """Runs commands and captures what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> Done:
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        captured = self.capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        return Done(code, captured.out, captured.err)
