"""docs/scaling.md says what is recorded: its tables to the letter, and the numbers in its sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scaling.__main__ import RECORDED
from benchmarks.scaling.page import numbers, tables

PAGE = (Path(__file__).parents[1] / "docs" / "scaling.md").read_text(encoding="utf-8")
SENTENCES = " ".join(PAGE.split())
KNOWN: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["limits", "reports", "costs", "simulated"])
def test_the_tables_are_those_that_were_recorded(name: str) -> None:
    assert tables(KNOWN)[name] in PAGE


@pytest.mark.parametrize("words", numbers(KNOWN))
def test_the_sentences_have_the_numbers_that_were_recorded(words: str) -> None:
    assert words in SENTENCES


def test_what_was_measured_is_named_with_its_machine() -> None:
    assert KNOWN["machine"]["processor"] in PAGE
    assert f"a load of {KNOWN['machine']['load']:.0f}" in SENTENCES
