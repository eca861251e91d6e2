"""What docs/scenarios.md and README.md show of scenarios is what can be asked for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

import lossbench
from lossbench.cli.overrides import build_study
from lossbench.resolve import settle_names
from lossbench.spec import Scenario, Study, parse_hypothesis

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def asked(command: str) -> Study:
    """The study of a `lossbench run` command whose options all take a value."""
    words = shlex.split(command)[2:]
    options: dict[str, Any] = {}
    for name, value in zip(words[::2], words[1::2], strict=True):
        options.setdefault(name, []).append(value)
    preset = options.pop("--preset", [None])[0]
    options |= {name: options[name][0] for name in ("--name",) if name in options}
    if "--scale" in options:
        options["--scale"] = float(options["--scale"][0])
    return build_study(None, preset, options)


COMMANDS = [
    line
    for text in (DOCUMENT, README)
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("lossbench run") and "--scenario" in line
]


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_asks_for_what_it_says(command: str) -> None:
    study = settle_names(asked(command))
    written = [words for flag, words in zip(shlex.split(command), shlex.split(command)[1:], strict=False)
               if flag == "--scenario"]  # fmt: skip
    assert len(study.scenarios) == len(written)
    for text, scenario in zip(written, study.scenarios, strict=True):
        assert str(Scenario.parse(text, study.data)) in scenario
    if "--scale" in command:
        assert all("train_size(0.1)" in scenario for scenario in study.scenarios)


def test_every_part_of_the_table_reads() -> None:
    cells = re.findall(r"^\| (.*?) \|", DOCUMENT, re.MULTILINE)[2:]
    parts = [part for cell in cells for part in re.findall(r"`([^`]+)`", cell) if not part.startswith("...")]
    assert len(parts) >= 11
    for part in parts:
        text = f"{part} + noise(pair, 0.1)" if part.endswith("clean)") else part
        assert part in str(Scenario.parse(text, "digits"))


def test_every_hypothesis_in_the_text_reads() -> None:
    texts = re.findall(r"`((?:train|test)\.[a-z]+(?:\[\w+\])?: [^`]+)`", DOCUMENT)
    assert len(texts) == 3
    for text in texts:
        assert str(parse_hypothesis(text)) == text


@pytest.mark.usefixtures("blank_figures")
def test_the_study_of_several_conditions_runs(tmp_path: Path) -> None:
    """As it is written but for one model and seed, which take as long as they need and show nothing more."""
    (block,) = re.findall(r"```yaml[^\n]*\n(.*?)```", DOCUMENT, re.DOTALL)
    values = yaml.safe_load(block)
    assert len(Study(**values).conditions) == 6
    results = lossbench.run(Study(**{**values, "models": ["mlp"], "seeds": 1}), tmp_path, executor="inline")
    assert isinstance(results, lossbench.Conditions)
    assert list(results) == values["scenarios"]
    assert results.hypotheses.height == 3
    assert "scenario" in results.history.columns
