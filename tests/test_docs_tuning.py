"""docs/tuning.md: its study is one, its commands and its Python run, and its numbers are the program's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from cli_runner import Runner
from lossbench.api.tuning.space import space_of
from lossbench.spec import Arm, Recipe, Study

PAGE = Path(__file__).parents[1] / "docs/tuning.md"
TEXT = PAGE.read_text(encoding="utf-8")

pytestmark = pytest.mark.usefixtures("blank_figures")


def blocks(kind: str) -> list[str]:
    """The code blocks of one kind; those with commands have none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return [body for named, body in found if named == kind]


def test_its_commands_do_what_they_say(lossbench: Runner, here: Path) -> None:
    """With a smaller model and fewer epochs than the page's study has."""
    (text,) = blocks("yaml")
    quick = {**yaml.safe_load(text), "models": ["mlp"], "recipe": {"epochs": 1}, "seeds": 2}
    (here / "study.yaml").write_text(yaml.safe_dump(quick), encoding="utf-8")
    commands = "".join(blocks("")).splitlines()
    assert len(commands) == 4
    for line in commands:
        program, command, *arguments = shlex.split(line)
        assert program == "lossbench"
        done = lossbench(command, *arguments, *(() if command == "losses" else ("--executor", "inline")))
        assert done.code == 0, f"{line}\n{done.out}{done.err}"
        if command == "losses":
            assert "tuned from 0 to 5" in done.out
    assert "fixed recipe" in (here / "log/studies/which-loss-tuned/report.html").read_text(encoding="utf-8")
    assert (here / "more-tries.yaml").exists()


def test_its_study_is_one() -> None:
    (text,) = blocks("yaml")
    assert Study(**yaml.safe_load(text)).scenario.validation == 0.2


@pytest.mark.usefixtures("here")
def test_its_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(compile(code.replace("budget=4", "budget=2, executor='inline'"), str(PAGE), "exec"), {})
    assert "loss_function" in capsys.readouterr().out


def test_its_ranges_are_the_programs() -> None:
    lr, gamma, _ = space_of(Arm.parse("focal"), Recipe())
    assert "from 1/100 to 100 times" in TEXT
    assert (lr.low * 100, lr.high / 100) == pytest.approx((lr.own, lr.own))
    assert "gamma from 0 to 5" in TEXT
    assert (gamma.low, gamma.high) == (0, 5)
