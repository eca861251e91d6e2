"""Escape sequences only where they are wanted: NO_COLOR, CI, TERM, FORCE_COLOR, and what is no terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli_runner import QUICK
from lossbench.cli.console import can_move, make_console
from lossbench.cli.progress import Bars, Lines, follow

COMMANDS = (("losses", "focal"), ("presets",), ("models",))
PLAIN: tuple[Mapping[str, str], ...] = (
    {"NO_COLOR": "0"},
    {"NO_COLOR": "yes", "FORCE_COLOR": "1"},
    {"CI": "true"},
    {"TERM": "dumb"},
    {"TERM": "dumb", "FORCE_COLOR": "1"},
)
COLOURED: tuple[Mapping[str, str], ...] = ({}, {"NO_COLOR": ""}, {"CI": "false"}, {"CI": "1", "FORCE_COLOR": "1"})


def environment(added: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**kept, "TERM": "xterm-256color", **added}


def on_a_terminal(added: Mapping[str, str], here: Path, *arguments: str) -> str:
    """What a command prints on a terminal."""
    driver, terminal = pty.openpty()
    command = [sys.executable, "-m", "lossbench", *arguments]
    with subprocess.Popen(command, cwd=here, env=environment(added), stdin=terminal, stdout=terminal) as process:
        os.close(terminal)
        said, patience = b"", time.monotonic() + 120
        while time.monotonic() < patience:
            if select.select([driver], [], [], 0.1)[0]:
                try:
                    part = os.read(driver, 65536)
                except OSError:  # the other end is closed
                    break
                said += part
            elif process.poll() is not None:
                break
        process.wait(30)
    os.close(driver)
    return said.decode()


def piped(added: Mapping[str, str], here: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "lossbench", *arguments]
    done = subprocess.run(command, cwd=here, env=environment(added), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("added", PLAIN, ids=str)
def test_no_escape_sequence_on_a_terminal_that_wants_none(added: Mapping[str, str], here: Path) -> None:
    said = on_a_terminal(added, here, "presets")
    assert "course-report" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("added", COLOURED, ids=str)
def test_colours_on_any_other(added: Mapping[str, str], here: Path) -> None:
    assert re.search(r"\x1b\[[\d;]*m", on_a_terminal(added, here, "presets"))


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_none_in_a_pipe(arguments: tuple[str, ...], here: Path) -> None:
    assert "\x1b" not in piped({}, here, *arguments)


def test_colours_in_a_pipe_by_request(here: Path) -> None:
    assert "\x1b[1m" in piped({"FORCE_COLOR": "1"}, here, "presets")
    assert "\x1b" not in piped({"FORCE_COLOR": "0"}, here, "presets")


@pytest.mark.parametrize(
    ("added", "terminal", "moves"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"CI": "1"}, True, False),
        ({"CI": "1", "FORCE_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"TERM": "dumb"}, True, False),
    ],
    ids=str,
)
def test_bars_are_drawn_only_where_they_may_move(
    added: Mapping[str, str], terminal: bool, moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TERM": "xterm", **added}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert can_move(make_console()) == moves
    assert isinstance(follow(make_console(), {}, 1), Bars if moves else Lines)


def test_a_run_on_a_terminal_without_colours_prints_lines(here: Path) -> None:
    said = on_a_terminal({"NO_COLOR": "1"}, here, "run", *QUICK, "--seeds", "1,", "--losses", "cross_entropy")
    assert "[1/1] cross_entropy seed 1: finished" in said
    assert "\x1b" not in said
