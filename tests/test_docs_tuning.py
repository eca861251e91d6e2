"""docs/tuning.md: its study holds out validation data, and its numbers are the program's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lossbench.api.tuning.space import space_of
from lossbench.spec import Arm, Recipe, Study

PAGE = Path(__file__).parents[1] / "docs/tuning.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_its_study_is_one() -> None:
    (text,) = re.findall(r"^```yaml[^\n]*\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert Study(**yaml.safe_load(text)).scenario.validation == 0.2


def test_its_ranges_are_the_programs() -> None:
    lr, gamma, _ = space_of(Arm.parse("focal"), Recipe())
    assert "from 1/100 to 100 times" in TEXT
    assert (lr.low * 100, lr.high / 100) == pytest.approx((lr.own, lr.own))
    assert "gamma from 0 to 5" in TEXT
    assert (gamma.low, gamma.high) == (0, 5)
