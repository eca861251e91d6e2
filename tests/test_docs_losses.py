"""docs/losses.md: its examples run, and its table is the catalogue."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_digits

import lossbench
from cli_runner import Runner
from lossbench.losses import CATALOGUE
from lossbench.losses.audit import audit
from lossbench.nn import CLASSES
from lossbench.spec import print_value

PAGE = Path(__file__).parents[1] / "docs/losses.md"
TEXT = PAGE.read_text(encoding="utf-8")
BEGIN, END = "<!-- catalogue -->\n", "<!-- end of catalogue -->"
FIRST, LAST = "<!-- modules -->\n", "<!-- end of modules -->"
OPTIONS = frozenset({"weight", "ignore_index", "reduction", "label_smoothing"})
FILES = ("# mylosses.py", "# test_mylosses.py", "# with skorch")
"""What examples begin with that are files of their own, or take what is not installed everywhere."""

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


def modules() -> str:
    """The classes as the page has them."""
    lines = ["| class | loss | arguments beside torch's |", "|---|---|---|"]
    for name, cls in CLASSES.items():
        given = [item for item in inspect.signature(cls).parameters.values() if item.name not in OPTIONS]
        arguments = ", ".join(f"`{_argument(item)}`" for item in given)
        lines.append(f"| `{name}` | `{cls.card.name}` | {arguments} |")
    return "\n".join(["", *lines, "", ""])


def _argument(item: inspect.Parameter) -> str:
    if item.default is item.empty:
        return item.name
    return f"{item.name}={round(item.default, 4) if isinstance(item.default, float) else item.default!r}"


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


def test_the_table_of_modules_is_that_of_the_classes() -> None:
    assert TEXT.split(FIRST)[1].split(LAST)[0] == modules(), "python tests/test_docs_losses.py writes it"


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
    code = "\n".join(block for block in blocks("python") if not block.startswith(FILES))
    names: dict[str, object] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    assert "label_smoothing" in capsys.readouterr().out
    assert getattr(names["results"], "labels") == ("cross_entropy", "python:CrossEntropyLoss")  # noqa: B009 - an object


@pytest.mark.filterwarnings("ignore::Warning")  # of skorch and what it imports
def test_its_example_with_skorch_runs() -> None:
    pytest.importorskip("skorch", reason="the development extra brings it")
    (source,) = (block for block in blocks("python") if block.startswith("# with skorch"))
    names: dict[str, Any] = {"lossbench": lossbench}
    exec(compile(source, str(PAGE), "exec"), names)
    digits = load_digits()
    assert names["net"].fit(digits.data.astype("float32"), digits.target).score is not None
    assert repr(names["net"].criterion_).startswith("FocalLoss(gamma=2.0")


def test_its_test_file_passes(mylosses: Path) -> None:
    (source,) = (block for block in blocks("python") if block.startswith("# test_mylosses.py"))
    (mylosses / "test_mylosses.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mylosses.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=mylosses)
    assert "3 passed" in done.stdout, done.stdout


def _with(text: str, begin: str, new: str, end: str) -> str:
    before, rest = text.split(begin)
    return before + begin + new + end + rest.split(end)[1]


if __name__ == "__main__":
    PAGE.write_text(_with(_with(TEXT, BEGIN, table(), END), FIRST, modules(), LAST), encoding="utf-8")
