"""The benchmark of starting: its table has a row for all, and it names imports; no figure is judged."""

from __future__ import annotations

import pytest

from benchmarks.startup import CASES, heaviest, main


def test_a_round_prints_every_case_and_the_imports(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rounds", "1"])
    out = capsys.readouterr().out
    for case in CASES:
        assert f"| `{case.name}`" in out
    assert "| lossbench.spec" in out


def test_imports_are_in_order_of_what_they_take_themselves() -> None:
    found = heaviest(CASES[1], most=5)
    assert [own for _, own in found] == sorted((own for _, own in found), reverse=True)
    assert len(found) == 5
