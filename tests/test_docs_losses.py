"""docs/losses.md: its examples run, and its table is the catalogue."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_runner import Runner
from lossbench.losses import CATALOGUE
from lossbench.losses.audit import audit
from lossbench.spec import print_value

PAGE = Path(__file__).parents[1] / "docs/losses.md"
TEXT = PAGE.read_text(encoding="utf-8")
BEGIN, END = "<!-- catalogue -->\n", "<!-- end of catalogue -->"

pytestmark = pytest.mark.usefixtures("blank_figures")


def table() -> str:
    """The catalogue as the page has it; `python tests/test_docs_losses.py` puts it there."""
    lines = [f"The catalogue has {len(CATALOGUE)} losses."]
    for family in dict.fromkeys(loss.card.family for loss in CATALOGUE.values()):
        lines += ["", f"**{family[0].upper()}{family[1:]}**", "", "| loss | what it is for | needs | soft targets |"]
        lines.append("|---|---|---|---|")
        for card in (loss.card for loss in CATALOGUE.values() if loss.card.family == family):
            settings = ", ".join(f"{h.name}={_short(print_value(h.default))}" for h in card.hyperparameters)
            needs = ", ".join(f"`{need}`" for need in sorted(card.needs))
            soft = "yes" if card.properties.soft_targets else ""
            lines.append(f"| `{card.name}{f'({settings})' if settings else ''}` | {card.purpose} | {needs} | {soft} |")
    return "\n".join(["", *lines, "", ""])


def _short(value: str) -> str:
    return f"{float(value):.4g}" if re.fullmatch(r"-?\d+\.\d{5,}", value) else value


def blocks(kind: str) -> list[str]:
    """The code blocks of one kind; those with commands have none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return [body for named, body in found if named == kind]


@pytest.fixture
def mylosses(here: Path) -> Iterator[Path]:
    """The module of the page's example, in the working directory."""
    (source,) = (block for block in blocks("python") if block.startswith("# mylosses.py"))
    (here / "mylosses.py").write_text(source, encoding="utf-8")
    yield here
    sys.modules.pop("mylosses", None)


def test_the_table_is_the_catalogue() -> None:
    written = TEXT.split(BEGIN)[1].split(END)[0]
    assert written == table(), "python tests/test_docs_losses.py writes it"


def test_every_check_of_the_audit_is_explained() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", TEXT.split("## The audit")[1], re.MULTILINE)
    explained = {name.strip() for row in rows for name in row.split(",")} - {"check"}
    assert explained == {check.name for check in audit("focal").checks}


@pytest.mark.usefixtures("mylosses")
def test_its_commands_do_what_they_say(lossbench: Runner, here: Path) -> None:
    for line in "".join(blocks("")).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "lossbench"
        if "all" in arguments:
            arguments.append("--dry-run")  # a test of its own trains them
        done = lossbench(*arguments)
        assert done.code == 0, f"{line}\n{done.out}{done.err}"
    assert (here / "losses.svg").exists()


@pytest.mark.usefixtures("mylosses")
def test_its_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    code = "\n".join(block for block in blocks("python") if not block.startswith("# mylosses.py"))
    names: dict[str, object] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    assert "label_smoothing" in capsys.readouterr().out
    assert getattr(names["results"], "labels") == ("cross_entropy", "python:CrossEntropyLoss")  # noqa: B009 - an object


if __name__ == "__main__":
    before, rest = TEXT.split(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.split(END)[1], encoding="utf-8")
