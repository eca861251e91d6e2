"""Names that would steer the terminal they are printed on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli_runner import Runner
from lossbench.cli.console import make_console
from lossbench.errors import DataError, LossbenchError, RequestError, visible

TITLE = "\x1b]0;owned\x07"
LINK = "\x1b]8;;http://evil\x1b\\"
NAMES = (
    f"a{TITLE}",
    f"b{LINK}",
    "c\x9b31m",
    "d\x1b[2J",
    "e\u202eright",
    "f\x00\x08\x7f",
    "[bold red]g[/]",
    "[link=http://h]h[/link]",
)
STEERING = [chr(code) for code in (*range(32), *range(127, 160), 0x202E) if chr(code) not in "\n\t"]


def printed(monkeypatch: pytest.MonkeyPatch, thing: object, terminal: bool = True) -> str:
    monkeypatch.setenv("FORCE_COLOR" if terminal else "NO_COLOR", "1")
    console = make_console()
    console.file = io.StringIO()
    console.print(thing)
    return console.file.getvalue()


@pytest.mark.parametrize("character", STEERING)
def test_no_such_character_is_printed(character: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(box=None)
    table.add_column(escape(f"x{character}y"))
    table.add_row(escape(f"x{character}y"))
    for thing in (f"x{character}y", Text(f"x{character}y"), table):
        assert character not in printed(monkeypatch, thing, terminal=False)


def test_the_consoles_own_codes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[1m" in printed(monkeypatch, Text("bold", style="bold"))
    assert printed(monkeypatch, "a\n\tb", terminal=False).startswith("a\n ")


def test_every_console_of_the_command_line_is_such_a_one() -> None:
    folder = Path(__file__).parents[2] / "src" / "lossbench" / "cli"
    made = {
        path.name
        for path in folder.glob("*.py")
        if "Console(" in path.read_text(encoding="utf-8").replace("_Console(", "")
    }
    assert made == {"console.py"} or not made
    assert isinstance(make_console(), Console)


@pytest.mark.parametrize(
    "error",
    [
        RequestError(f"a{TITLE}", f"b{TITLE}", f"c{TITLE}", f"d{TITLE}"),
        RequestError("a", "b", [f"c{TITLE}"]),
        DataError(f"/tmp/{LINK}\n/x", "b", "c"),
    ],
)
def test_errors_are_one_line_without_codes(error: LossbenchError) -> None:
    assert "\\x1b" in str(error)
    assert not set(STEERING) & set(str(error))
    assert "\n" not in str(error)


def test_what_is_visible_already_is_left_alone() -> None:
    assert visible("Größe, \u05d0\u05d1, 日本語, \U0001f600, a\\b") == "Größe, \u05d0\u05d1, 日本語, \U0001f600, a\\b"
    assert visible("\x1b\x07\u202e") == r"\x1b\x07\u202e"


def test_a_table_of_such_names_is_compared(lossbench: Runner, here: Path) -> None:
    rows = [f'"{name}",{seed},0.{at + 1}{seed}' for at, name in enumerate(NAMES) for seed in (1, 2, 3)]
    (here / "t.csv").write_text("loss_function,seed,accuracy\n" + "\n".join(rows), encoding="utf-8")
    done = lossbench("compare", "t.csv")
    assert done.code == 0
    assert not set(STEERING) & set(done.out + done.err)
    for shown in (r"a\x1b]0;owned", r"c\x9b31m", r"e\u202eright", "[bold red]g[/]", "[link=http://h]h[/link]"):
        assert shown in done.out


def test_a_complaint_about_such_a_name(lossbench: Runner, here: Path) -> None:
    for words in (("status", f"no{TITLE}"), ("run", "--losses", f"x{LINK}"), ("losses", f"x{TITLE}"), (f"x{TITLE}",)):
        done = lossbench(*words)
        assert done.code == 2
        assert r"\x1b]" in done.err
        assert not set(STEERING) & set(done.err)
