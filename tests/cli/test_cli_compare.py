"""`lossbench compare`: what it prints and writes, and what it says of a table that it cannot use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from cli_runner import Runner
from external_table import HEAD, ROWS, VERDICTS, csv


@pytest.fixture
def table(here: Path) -> str:
    (here / "table.csv").write_text(csv())
    return "table.csv"


class TestAnswers:
    def test_it_prints_the_answer_and_writes_nothing(self, lossbench: Runner, table: str, here: Path) -> None:
        done = lossbench("compare", table)
        assert (done.code, done.err) == (0, "")
        assert "test accuracy" in done.out
        assert "0.8300" in done.out  # the mean of A
        assert "report:" not in done.out
        assert [path.name for path in here.iterdir()] == ["table.csv"]

    @pytest.mark.usefixtures("blank_figures")
    def test_the_known_verdicts(self, lossbench: Runner, table: str, here: Path) -> None:
        done = lossbench("compare", table, "--save-dir", "out")
        assert (done.code, done.err) == (0, "")
        rows = pl.read_csv(here / "out/comparisons.csv")
        assert {(a, b): verdict for a, b, verdict in rows.select("a", "b", "verdict").iter_rows()} == VERDICTS
        assert {"summary.csv", "comparisons.csv", "report.html"} <= {path.name for path in (here / "out").iterdir()}
        assert "report: out/report.html" in done.out

    def test_options_reach_the_analysis(self, lossbench: Runner, here: Path) -> None:
        (here / "t.csv").write_text(csv([f"{line},0.5" for line in ROWS], f"{HEAD},f1"))
        done = lossbench("compare", "t.csv", "--metric", "f1", "--pictures", "1000", "--margin", "0.02")
        assert done.code == 0
        assert "test F1" in done.out

    @pytest.mark.usefixtures("blank_figures")
    def test_hypotheses_from_a_file_and_from_the_line(self, lossbench: Runner, table: str, here: Path) -> None:
        (here / "expected.txt").write_text("test.accuracy: A > B\ntest.accuracy: B > A\n")
        line = ("--hypotheses", "expected.txt", "--hypotheses", "test.accuracy: A ~ D within 0.01")
        done = lossbench("compare", table, *line, "--save-dir", "out")
        assert done.code == 0
        outcomes = {row["hypothesis"]: row["outcome"] for row in json.loads((here / "out/verdicts.json").read_text())}
        assert outcomes == {
            "test.accuracy: A > B": "supported",
            "test.accuracy: B > A": "contradicted",
            "test.accuracy: A ~ D within 0.01": "undecided",
        }
        assert "contradicted" in done.out

    def test_failed_and_diverged_trials_are_said(self, lossbench: Runner, here: Path) -> None:
        (here / "t.csv").write_text(csv([*(f"{line}," for line in ROWS), "A,6,nan,", "B,6,,failed"], f"{HEAD},status"))
        done = lossbench("compare", "t.csv")
        assert done.code == 0
        assert "1 diverged" in done.out
        assert "1 failed" in done.out

    def test_neither_torch_nor_the_catalogue_is_imported(self, here: Path, table: str) -> None:
        code = (
            "import sys\nfrom lossbench.cli import main\n"
            "try:\n    main(['compare', 'table.csv'])\nexcept SystemExit as left:\n    assert left.code == 0\n"
            "import lossbench\nlossbench.compare('table.csv')\n"
            "sys.exit(bool({'torch', 'lossbench.losses'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def test_help_does_not_wait_for_heavy_modules(self) -> None:
        code = (
            "import sys\nfrom lossbench.cli import main\n"
            "try:\n    main(['compare', '--help'])\nexcept SystemExit:\n"
            "    sys.exit(bool({'torch', 'polars', 'altair', 'scipy'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert done.returncode == 0


COMPLAINTS = [
    (("none.csv",), "none.csv: expected a readable table, CSV or Parquet, got nothing readable"),
    (("percent.csv",), "column accuracy: expected shares of 1, from 0 to 1, got 87 in row 1 (divide"),
    (("table.csv", "--margin", "0"), "--margin: expected a number greater than 0, got 0"),
    (("table.csv", "--pictures", "0"), "--pictures: expected a whole number of at least 1, got 0"),
    (("table.csv", "--metric", "test.f1"), "--metric: expected one of test.accuracy, which the table has, got test.f1"),
    (("table.csv", "--margin", "small"), "--margin: expected a number greater than 0, got small"),
    (("table.csv", "--pictures", "2.5"), "--pictures: expected a whole number of at least 1, got 2.5"),
    ((), "TABLE"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), COMPLAINTS, ids=lambda value: " ".join(value)[:40])
def test_what_cannot_be_done_is_one_sentence(
    lossbench: Runner, table: str, here: Path, arguments: tuple[str, ...], words: str
) -> None:
    (here / "percent.csv").write_text(f"{HEAD}\nA,1,87\n")
    done = lossbench("compare", *arguments, "--save-dir", "out")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("lossbench: ")
    assert len(done.err.strip().splitlines()) == 1
    assert words in done.err
    assert not (here / "out").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(lossbench: Runner, table: str, here: Path) -> None:
    done = lossbench("compare", table, "--save-dir", table)
    assert done.code == 2
    assert "a folder that can be written" in done.err
    assert len(done.err.strip().splitlines()) == 1
