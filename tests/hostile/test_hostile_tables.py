"""CSV that a spreadsheet opens: it computes nothing, and reads back as it was."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lossbench
from lossbench.results import read_table
from lossbench.results.spreadsheet import csv_bytes, unguarded

FORMULAS = ("=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1")
INSIDE = ("a;=1", 'a;"=1', "a\n=1", "a\t+1")  # where other settings than ours divide cells


def cells(content: bytes) -> list[str]:
    return [row[0] if row else "" for row in csv.reader(io.StringIO(content.decode(), newline=""))][1:]


def computes(cell: str) -> bool:
    """Whether a spreadsheet would compute a cell, or what it makes of it where semicolons, tabs and lines divide."""
    return any(re.match("[ ]*[=+\\-@\uff1d\uff0b\uff0d\uff20]", part) for part in re.split('[;\t\r\n]["]*', cell))


@pytest.mark.parametrize("text", [*FORMULAS, *INSIDE], ids=ascii)
def test_a_formula_is_text_and_reads_back(text: str) -> None:
    (written,) = cells(csv_bytes(pl.DataFrame({"name": [text]})))
    assert computes(text)
    assert not computes(written)
    assert unguarded(written) == text


@given(st.lists(st.text(st.sampled_from("=+-@'\t\r\n;\" ,a1\uff1d"), max_size=8), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_is_neutral_and_reads_back(texts: list[str]) -> None:
    written = cells(csv_bytes(pl.DataFrame({"name": texts})))
    assert [unguarded(cell) for cell in written] == texts
    assert not any(computes(cell) for cell in written)


@pytest.mark.parametrize(
    "label", ["mae", "focal(gamma=0.5)", "gce(q=0.7)", "a-b", "'x", "O'Neil", "a; b", "1e-3", "a=b"]
)
def test_ordinary_names_are_left_as_they_are(label: str) -> None:
    assert cells(csv_bytes(pl.DataFrame({"name": [label]}))) == [label]
    assert unguarded(label) == label


def test_numbers_stay_numbers() -> None:
    table = pl.DataFrame({"name": ["=a"], "x": [-1.5], "n": [-3], "none": [None]}, schema_overrides={"none": pl.String})
    assert csv_bytes(table) == b"name,x,n,none\n'=a,-1.5,-3,\n"


def test_our_own_history_is_compared_again_under_the_same_names(tmp_path: Path, blank_figures: None) -> None:
    labels = ["focal(gamma=2)", *FORMULAS[:4], "a;=1"]
    rows = [(label, seed, 0.5 + place / 20 + seed / 100) for place, label in enumerate(labels) for seed in (1, 2, 3)]
    first = pl.DataFrame(rows, schema=["loss_function", "seed", "accuracy"], orient="row")
    lossbench.compare(first, save_dir=tmp_path)
    again = read_table(tmp_path / "history.csv")
    assert sorted(again.labels) == sorted(labels)
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as text:
        assert not any(computes(row["loss_function"]) for row in csv.DictReader(text))
