"""`lossbench.compare`: the verdicts that a table of results trained elsewhere allows, and the files that say them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

import lossbench
from external_table import ACCURACY, HEAD, ROWS, VERDICTS, csv
from lossbench.analysis import Analysis, analyse
from lossbench.report.lookup import pair
from lossbench.report.tables import comparisons_table, history_table, summary_table
from lossbench.results import read_table
from lossbench.results.spreadsheet import csv_bytes
from synthetic import study


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(csv())
    return path


def verdicts(analysis: Analysis) -> dict[tuple[str, str], str]:
    return {(item.a, item.b): item.verdict for item in analysis.comparisons}


class TestVerdicts:
    def test_the_tables_numbers_are_what_they_are_said_to_be(self) -> None:
        a, b, c, _ = (np.array(values) for values in ACCURACY.values())
        assert (a - b).mean() == pytest.approx(0.02, abs=1e-12)
        assert (a - b).std(ddof=1) == pytest.approx(0.003, abs=1e-12)
        assert (c - b).mean() == pytest.approx(0, abs=1e-12)
        assert 0 < (c - b).std(ddof=1) <= 0.001

    def test_exactly_the_known_ones(self, table: Path) -> None:
        found = lossbench.compare(table)
        assert verdicts(found) == VERDICTS
        assert (found.metric, found.margin, found.higher_is_better) == ("test.accuracy", 0.01, True)
        assert found.secondary == ()
        assert found.findings == ()

    def test_the_arithmetic_is_scipys(self, table: Path) -> None:
        for item in lossbench.compare(table).comparisons:
            test = stats.ttest_rel(ACCURACY[item.a], ACCURACY[item.b])
            interval = test.confidence_interval(0.95)
            assert item.p_difference == pytest.approx(test.pvalue, rel=1e-9)
            assert (item.low, item.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
            assert item.seeds == 5

    def test_the_margin_is_taken(self, table: Path) -> None:
        assert verdicts(lossbench.compare(table, 0.03))["A", "B"] == "equivalent"
        assert verdicts(lossbench.compare(table, margin=0.0005))["B", "C"] == "undecided"

    def test_a_metric_of_which_less_is_better(self) -> None:
        rows = [(loss, seed, 1 - value) for loss, of in ACCURACY.items() for seed, value in enumerate(of)]
        found = lossbench.compare(pl.DataFrame(rows, schema=["method", "seed", "nll"], orient="row"))
        assert found.metric == "test.nll"
        assert verdicts(found) == VERDICTS

    def test_every_metric_is_a_family_of_its_own(self) -> None:
        rows = [line.replace(",0", ",0.5,0", 1) for line in ROWS]
        head = HEAD.replace("accuracy", "f1,accuracy").split(",")
        found = lossbench.compare([dict(zip(head, row.split(","), strict=True)) for row in rows])
        assert verdicts(found) == VERDICTS
        assert {item.metric for item in found.secondary} == {"test.f1"}
        assert {item.verdict for item in found.secondary} == {"undecided"}  # no difference, and no spread to say so
        assert {item.reason for item in found.secondary} == {"the difference is the same in every seed"}

    def test_with_the_number_of_pictures_no_spread_is_less_than_rounding(self) -> None:
        columns = {"method": list("AAABBB"), "seed": [1, 2, 3] * 2, "f1": [0.5] * 6}
        assert verdicts(lossbench.compare(columns)) == {("A", "B"): "undecided"}
        found = lossbench.compare(columns, pictures=10_000)
        assert verdicts(found) == {("A", "B"): "equivalent"}
        assert found.comparisons[0].degenerate

    def test_one_seed_decides_nothing(self) -> None:
        found = lossbench.compare({"method": ["A", "B"], "seed": [1, 1], "accuracy": [0.5, 0.9]})
        assert verdicts(found) == {("A", "B"): "undecided"}

    def test_a_studys_own_history_gives_the_studys_verdicts(self) -> None:
        status = {("l1", 2): ("diverged", 2, "loss"), ("cross_entropy", 4): ("failed", 0, "RuntimeError")}
        made = study(epochs=3, status=status)
        own = analyse(made)
        found = lossbench.compare(history_table(made), pictures=made.data.test)
        assert set(found.ranking) == set(own.ranking)
        for item in own.comparisons:
            again = pair(found, item.a, item.b)
            assert again is not None
            assert (again.seeds, again.verdict, again.reason) == (item.seeds, item.verdict, item.reason)
            for name in ("difference", "low", "high", "p_adjusted", "p_equivalence", "low_verdict"):
                assert getattr(again, name) == pytest.approx(getattr(item, name), rel=1e-9, abs=1e-12), name
        assert {(item.loss, item.diverged, item.failed) for item in found.standings} == {
            (item.loss, item.diverged, item.failed) for item in own.standings
        }


class TestFailures:
    ROWS = (*ROWS, "A,6,", "B,6,0.81", "C,6,0.81", "E,1,0.9", "E,2,0.91")

    def test_they_are_counted_in_every_table_and_enter_no_mean(self, tmp_path: Path) -> None:
        status = [f"{line},{'failed' if line.startswith('C,6') else ''}" for line in self.ROWS]
        (tmp_path / "t.csv").write_text(csv(status, f"{HEAD},status"))
        found = lossbench.compare(tmp_path / "t.csv")
        counts = {item.loss: (item.finished, item.diverged, item.failed) for item in found.standings}
        assert counts == {"A": (5, 1, 0), "B": (6, 0, 0), "C": (5, 0, 1), "D": (5, 0, 1), "E": (2, 0, 4)}
        assert found.estimate("A").mean == pytest.approx(np.mean(ACCURACY["A"]))
        rows = (
            summary_table(found).filter(split="test", metric="accuracy").select("loss_function", "diverged", "failed")
        )
        assert rows.rows() == [("A", 1, 0), ("B", 0, 0), ("C", 0, 1), ("D", 0, 1), ("E", 0, 4)]
        seeds = {(item.a, item.b): item.seeds for item in found.comparisons}
        assert (seeds["A", "B"], seeds["B", "C"], seeds["A", "E"]) == (5, 5, 2)
        reasons = {(item.a, item.b): item.reason for item in found.comparisons}
        assert reasons["A", "B"] == "the better one diverged in other seeds"

    def test_a_loss_without_any_result_stays_a_row(self) -> None:
        columns = {"method": list("AABB"), "seed": [1, 2] * 2, "accuracy": [0.5, 0.6, None, None]}
        found = lossbench.compare(columns)
        assert found.ranking == ("A", "B")
        assert [item.diverged for item in found.standings] == [0, 2]
        assert found.comparisons[0].verdict == "undecided"


class TestFiles:
    def test_shuffling_the_rows_changes_no_byte_of_any_file(self, tmp_path: Path) -> None:
        head, rows = f"{HEAD},epoch,train_loss", []
        for line in (*ROWS, "D,6,nan", "A,6,0.8"):
            rows += [f"{line},{epoch},{0.5 / epoch}" for epoch in (1, 2) if (line, epoch) != ("A,6,0.8", 2)]
        written: list[dict[Path, bytes]] = []
        for place, order in enumerate((rows, random.Random(7).sample(rows, len(rows)))):
            folder = tmp_path / str(place)
            folder.mkdir()
            (folder / "table.csv").write_text(csv(list(order), head))
            lossbench.compare(folder / "table.csv", save_dir=folder / "out")
            out = folder / "out"
            files = [path for path in out.rglob("*") if path.is_file() and path.suffix != ".pdf"]  # fonts in any order
            written.append({path.relative_to(out): path.read_bytes() for path in files})
        assert written[0] == written[1]
        names = {str(path) for path in written[0]}
        assert {"summary.csv", "comparisons.csv", "standings.csv", "history.csv", "report.html"} <= names

    @pytest.mark.usefixtures("blank_figures")
    def test_they_say_what_the_analysis_says(self, table: Path, tmp_path: Path) -> None:
        expected = ["test.accuracy: A > B", "test.accuracy: B ~ C within 0.01", "test.accuracy: D > A"]
        found = lossbench.compare(table, hypotheses=expected, save_dir=tmp_path / "out")
        comparisons = (tmp_path / "out/comparisons.csv").read_bytes()
        assert comparisons == csv_bytes(comparisons_table(found))
        rows = pl.read_csv(tmp_path / "out/comparisons.csv")
        assert {(a, b): verdict for a, b, verdict in rows.select("a", "b", "verdict").iter_rows()} == VERDICTS
        outcomes = json.loads((tmp_path / "out/verdicts.json").read_text())
        assert [(item["hypothesis"], item["outcome"]) for item in outcomes] == [
            (expected[0], "supported"),
            (expected[1], "supported"),
            (expected[2], "undecided"),
        ]

    @pytest.mark.usefixtures("blank_figures")
    def test_failed_and_diverged_trials_stand_in_the_report(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text(
            csv([*(f"{line},2" for line in ROWS), "A,6,0.8,1", "B,6,nan,2"], f"{HEAD},epoch")
        )
        lossbench.compare(tmp_path / "t.csv", save_dir=tmp_path / "out")
        page = (tmp_path / "out/report.html").read_text()
        for words in ("stops at epoch 1 of 2", "no finite value at epoch 2", "missing"):
            assert words in page

    def test_nothing_is_written_without_a_folder(self, table: Path, here: Path) -> None:
        lossbench.compare(table)
        assert list(here.iterdir()) == []

    def test_a_table_that_cannot_be_used_writes_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(lossbench.RequestError, match="divide percentages by 100"):
            lossbench.compare({"method": ["A"], "seed": [1], "accuracy": [91]}, save_dir=tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_the_results_hold_no_more_than_the_table(table: Path) -> None:
    results = read_table(table)
    assert results.provenance == {}
    assert results.correct == {}
    assert results.confusion == {}
    assert results.per_picture == {}
    assert results.classes.is_empty()
    assert results.data.class_names == ()
    assert [view.formula for view in results.losses] == [""] * 4
