"""Runs the blocks of one page in one folder, as a reader would."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from difflib import SequenceMatcher
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from docs_blocks import COMMANDS, ROOT, Block

from cli_runner import Done
from lossbench.cli.app import app
from lossbench.spec import Study

__all__ = ["PageRunner", "same_words", "share_of_words"]

_NUMBER = re.compile(r"[-−+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*=")
_SPARKS = re.compile(r"[▁▂▃▄▅▆▇█]+")
_ENOUGH = 0.7  # of the words of an output whose verdicts may differ from machine to machine
_QUICK = ("--epochs", "1", "--seeds", "2")


class PageRunner:
    """The state that a page's blocks share: a working directory, Python names, and what was printed last."""

    def __init__(self, run: Callable[..., Done], capsys: pytest.CaptureFixture[str], here: Path) -> None:
        self.run_command, self.capsys, self.here = run, capsys, here
        self.patch = pytest.MonkeyPatch()
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.printed = ""

    def run(self, block: Block) -> None:
        """Runs one block; an AssertionError says what is not as the page has it."""
        if block.title == "output":
            assert same_words(block.body, self.printed), f"it printed\n{self.printed}"
        elif block.title == "output on one machine":
            share = share_of_words(block.body, self.printed)
            assert share > _ENOUGH, f"{share:.0%} of its words were printed, in\n{self.printed}"
        elif block.title:
            self._write(block)
        elif "not run" not in block.markers:
            if block.language in COMMANDS:
                self._commands(block)
            elif block.language == "python":
                self._python(block)
            elif block.language == "yaml":
                Study(**yaml.safe_load(block.body))

    def _write(self, block: Block) -> None:
        path = self.here / block.title
        assert path.resolve().is_relative_to(self.here.resolve())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_quick_study(block.body) if "quick" in block.markers else block.body, encoding="utf-8")
        if path.suffix == ".py":
            compile(block.body, block.title, "exec")
            sys.modules.pop(path.stem, None)

    def _python(self, block: Block) -> None:
        self.capsys.readouterr()
        exec(compile(block.body, f"line {block.line}", "exec"), self.names)
        self.printed = self.capsys.readouterr().out

    def _commands(self, block: Block) -> None:
        self.printed = ""
        text = block.body.replace("\\\n", " ")
        for line in text.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and words[0] == "export":
                for word in words[1:]:
                    self.patch.setenv(*word.split("=", 1))
            elif words:
                with pytest.MonkeyPatch.context() as patch:
                    while _SETTING.match(words[0]):
                        patch.setenv(*words.pop(0).split("=", 1))
                    self._command(words, block)

    def _command(self, words: list[str], block: Block) -> None:
        known = {"lossbench": self._lossbench, "make": self._make, "pip": self._pip, "python": self._module}
        known["pytest"] = self._pytest
        assert words[0] in known, f"{words[0]} is no program that is run here: mark the block `not run: ...`"
        known[words[0]](words[1:], block)

    def _lossbench(self, words: list[str], block: Block) -> None:
        if "read" in block.markers:
            read(words)
            return
        more: tuple[str, ...] = ()
        if words[0] == "run":
            more = ("--dry-run",) if "dry run" in block.markers else _QUICK if "quick" in block.markers else ()
        done = self.run_command(*words, *more)
        assert done.code == int(block.markers.get("exit code", 0)), f"{shlex.join(words)}\n{done.out}{done.err}"
        self.printed += done.out + done.err

    def _make(self, words: list[str], block: Block) -> None:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        targets = [word for word in words if "=" not in word]
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets), f"make {targets}"
        assert all(re.search(rf"\b{word.partition('=')[0]}\b", makefile) for word in words if "=" in word)

    def _pytest(self, words: list[str], block: Block) -> None:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.here)
        assert done.returncode == 0, done.stdout
        self.printed += done.stdout

    def _pip(self, words: list[str], block: Block) -> None:
        assert words[0] == "install"
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
        asked = [extra for found in re.findall(r"\[([^\]]+)\]", " ".join(words)) for extra in found.split(",")]
        assert set(asked) <= set(extras), asked

    def _module(self, words: list[str], block: Block) -> None:
        if (self.here / words[0]).is_file():
            self.capsys.readouterr()
            runpy.run_path(str(self.here / words[0]), run_name="__main__")
            self.printed += self.capsys.readouterr().out
            return
        name = words[1] if words[0] == "-m" else ""
        assert (ROOT / words[0]).is_file() or (name and find_spec(name.partition(".")[0]) and find_spec(name)), words


def _quick_study(text: str) -> str:
    """The study with the smallest model, two seeds and one epoch."""
    values = yaml.safe_load(text)
    recipe = {**values.get("recipe", {}), "epochs": 1}
    return yaml.safe_dump({**values, "models": ["mlp"], "seeds": 2, "recipe": recipe})


def read(words: list[str]) -> None:
    """Reads the arguments and options of a command, and runs nothing."""
    group: Any = typer.main.get_command(app)  # a click group, which typer gives no type
    assert words[0] in group.commands, words[0]
    group.commands[words[0]].make_context(words[0], list(words[1:]))


def same_words(expected: str, printed: str) -> bool:
    """Whether what was printed is what the page has: numbers, curves and spaces aside; `...` stands for anything."""
    pieces = [re.escape(_plain(piece)) for piece in expected.split("...")]
    return re.fullmatch(r".*?".join(pieces), _plain(printed), re.DOTALL) is not None


def share_of_words(expected: str, printed: str) -> float:
    """Which share of the words of a page's output was printed, in its order; numbers count alike."""
    ours, theirs = _plain(expected).split(), _plain(printed).split()
    return sum(part.size for part in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()) / len(
        ours
    )


def _plain(text: str) -> str:
    return " ".join(_SPARKS.sub("~", _NUMBER.sub("#", text)).split())
