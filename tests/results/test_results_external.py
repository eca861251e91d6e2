"""Tables that somebody else made: which columns, cells and outcomes are understood, and which complaints there are."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from external_table import ACCURACY, ROWS, csv
from lossbench.errors import RequestError
from lossbench.results import HISTORY_COLUMNS, Results, read_table

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a table, and gives its path."""

    def written(*lines: str, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return written


def last(results: Results, metric: str = "accuracy", split: str = "test") -> dict[tuple[str, int], float]:
    """A metric at the last epoch by loss and seed."""
    rows = results.history.filter(split=split, epoch=results.last_epoch).drop_nulls(metric)
    return {(row["loss_function"], row["seed"]): row[metric] for row in rows.iter_rows(named=True)}


def ended(results: Results) -> dict[tuple[str, int], tuple[str, int, str]]:
    """Status, epochs and reason by loss and seed."""
    columns = results.trials.select("loss_function", "seed", "status", "epochs", "reason")
    return {(loss, seed): (status, epochs, reason) for loss, seed, status, epochs, reason in columns.iter_rows()}


EXPECTED = {(loss, seed): value for loss, values in ACCURACY.items() for seed, value in enumerate(values, start=1)}


class TestForms:
    def test_wide(self, write: Write) -> None:
        results = read_table(write(*csv().splitlines()))
        assert last(results) == EXPECTED
        assert results.study["name"] == "table"
        assert results.study["plan"] == {"metric": "test.accuracy", "margin": 0.01, "hypotheses": []}
        assert results.last_epoch == 1
        assert set(results.trials["status"]) == {"finished"}
        assert results.labels == ("A", "B", "C", "D")
        assert results.history.columns[: len(HISTORY_COLUMNS)] == list(HISTORY_COLUMNS)
        assert {results.history.schema[name] for name in HISTORY_COLUMNS[4:-1]} == {pl.Float64}

    def test_long(self, write: Write) -> None:
        rows = [f"{loss},{seed},{value}" for (loss, seed), value in EXPECTED.items()]
        long = [line.replace(",0.", ",test.accuracy,0.") for line in rows]
        extra = ["A,1,lr,sgd", "A,1,train_loss,-0.5", "B,1,F1,0.25"]
        results = read_table(write("loss_function,seed,metric,value", *long, *extra))
        assert last(results) == EXPECTED
        assert last(results, "loss", "train") == {("A", 1): -0.5}
        assert last(results, "f1") == {("B", 1): 0.25}

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_separators(self, write: Write, separator: str) -> None:
        label = '"gce(q=0.7, k=0.5; a|b)"'
        lines = [separator.join(cells) for cells in (("loss_function", "seed", "f1"), (label, "1", "0.5"))]
        assert last(read_table(write(*lines)), "f1") == {("gce(q=0.7, k=0.5; a|b)", 1): 0.5}

    def test_a_comma_may_stand_for_the_point(self, write: Write) -> None:
        results = read_table(write("method;seed;accuracy", "A;1;0,25", "A;2;,5", "A;3;0.75"))
        assert last(results) == {("A", 1): 0.25, ("A", 2): 0.5, ("A", 3): 0.75}

    def test_a_mark_of_the_byte_order_blank_lines_and_an_unnamed_column_are_left_out(self, write: Write) -> None:
        results = read_table(write("\ufeff,loss_function,seed,accuracy", "", "0,A,1,0.5", ",,,", "1,A,2,0.25", ""))
        assert last(results) == {("A", 1): 0.5, ("A", 2): 0.25}

    @pytest.mark.parametrize(
        "head",
        [
            "loss_fn,random_seed,acc",
            "Criterion,Seed,Test Accuracy",
            "loss name,SEED,test.acc",
            "METHOD,random seed,test/accuracy",
            "method,loss_function,seed,test_accuracy",
        ],
    )
    def test_names_of_columns(self, write: Write, head: str) -> None:
        row = "other,A,7,0.5" if head.count(",") == 3 else "A,7,0.5"
        assert last(read_table(write(head, row))) == {("A", 7): 0.5}

    @pytest.mark.parametrize("made", ["polars", "lazy", "pandas", "columns", "arrays", "rows", "parquet"])
    def test_anything_that_is_a_table(self, tmp_path: Path, made: str) -> None:
        losses, seeds = [loss for loss, _ in EXPECTED], [seed for _, seed in EXPECTED]
        columns: dict[str, Any] = {"loss_function": losses, "seed": seeds, "accuracy": list(EXPECTED.values())}
        frame, path = pl.DataFrame(columns), tmp_path / "t.parquet"
        frame.write_parquet(path)
        table = {
            "polars": frame.with_columns(pl.col("loss_function").cast(pl.Categorical), pl.col("seed").cast(pl.UInt8)),
            "lazy": frame.lazy(),
            "pandas": pd.DataFrame(columns, index=pd.Index(range(5, 25))),
            "columns": columns,
            "arrays": {name: np.array(cells) for name, cells in columns.items()},
            "rows": frame.to_dicts(),
            "parquet": path,
        }[made]
        results = read_table(table)
        assert last(results) == EXPECTED
        assert results.study["name"] == ("t" if made == "parquet" else "table")

    def test_an_empty_cell_of_a_pandas_frame_is_nothing_measured(self) -> None:
        table = pd.DataFrame({"loss_function": ["A", "B"], "seed": [1.0, 1.0], "f1": [0.5, 0.5], "loss": [1, None]})
        results = read_table(table)
        assert last(results, "loss") == {("A", 1): 1.0}
        assert {status for status, _, _ in ended(results).values()} == {"finished"}

    def test_splits_in_a_column_or_in_names(self, write: Write) -> None:
        rows = ["A,1,1,0.5,0.25,0.125", "A,1,2,0.75,0.5,0.0625"]
        named = read_table(
            write(
                "loss_function,seed,epoch,train_accuracy,Val Acc,test_loss,accuracy", *(f"{row},0.375" for row in rows)
            )
        )
        column = read_table(
            write(
                "loss_function,seed,epoch,split,accuracy,loss",
                "A,1,1,train,0.5,",
                "A,1,1,val,0.25,",
                "A,1,1,test,0.375,0.125",
                "A,1,2,Training,0.75,",
                "A,1,2,validation,0.5,",
                "A,1,2,,0.375,0.0625",
            )
        )
        assert named.history.equals(column.history)
        assert named.trials.equals(column.trials)
        assert set(named.history["split"]) == {"train", "validation", "test"}

    def test_running_metrics_are_said(self, write: Write) -> None:
        results = read_table(write("loss_function,seed,train_running_accuracy,accuracy", "A,1,0.5,0.5"))
        assert results.study["recipe"]["train_metrics"] == "running"

    def test_measurements_of_one_epoch_may_stand_in_several_rows(self, write: Write) -> None:
        results = read_table(write("loss_function,seed,epoch,train_loss,accuracy", "A,1,1,0.5,", "A,1,1,,0.25"))
        assert last(results, "loss", "train") == {("A", 1): 0.5}
        assert last(results) == {("A", 1): 0.25}


class TestOrder:
    def test_the_order_of_rows_changes_nothing(self, write: Write) -> None:
        rows = [f"{line},{epoch}" for line in ROWS for epoch in (1, 2, 10)]
        head = "loss_function,seed,accuracy,epoch"
        straight = read_table(write(head, *rows))
        random.Random(1).shuffle(rows)
        shuffled = read_table(write(head, *rows))
        assert shuffled.study == straight.study
        assert shuffled.labels == straight.labels
        assert shuffled.history.equals(straight.history)
        assert shuffled.trials.equals(straight.trials)

    def test_numbers_in_names_are_numbers(self) -> None:
        labels = ["focal(gamma=10)", "focal(gamma=2)", "b", "focal(gamma=0.5)", "A", "focal"]
        results = read_table({"loss_function": labels, "seed": [1] * 6, "f1": [0.5] * 6})
        assert results.labels == ("A", "b", "focal", "focal(gamma=0.5)", "focal(gamma=2)", "focal(gamma=10)")
        assert results.study["losses"] == list(results.labels)
        assert results.trials["loss_function"].to_list() == list(results.labels)

    def test_rows_are_sorted_by_loss_seed_and_epoch(self, write: Write) -> None:
        rows = ["B,2,1,0.5", "A,10,2,0.5", "A,9,1,0.5", "A,10,1,0.5", "A,9,2,0.5", "B,2,2,0.5"]
        history = read_table(write("loss_function,seed,epoch,accuracy", *rows)).history
        expected = [("A", 9, 1), ("A", 9, 2), ("A", 10, 1), ("A", 10, 2), ("B", 2, 1), ("B", 2, 2)]
        assert history.select("loss_function", "seed", "epoch").rows() == expected


class TestPlan:
    @pytest.mark.parametrize(
        ("columns", "chosen"),
        [
            ("loss,accuracy,f1", "test.accuracy"),
            ("loss,ece,f1", "test.f1"),
            ("loss,ece,precision,recall", "test.precision"),
            ("loss,ece,train_accuracy", "test.ece"),
            ("loss", "test.loss"),
        ],
    )
    def test_the_default_metric(self, write: Write, columns: str, chosen: str) -> None:
        row = ",".join(["A", "1", *["0.5"] * (columns.count(",") + 1)])
        assert read_table(write(f"loss_function,seed,{columns}", row)).study["plan"]["metric"] == chosen

    @pytest.mark.parametrize("asked", ["test.f1", "f1", "F1"])
    def test_a_metric_that_was_asked_for(self, write: Write, asked: str) -> None:
        results = read_table(write("loss_function,seed,accuracy,f1", "A,1,0.5,0.5"), metric=asked)
        assert results.study["plan"]["metric"] == "test.f1"

    def test_what_else_is_asked(self, write: Write) -> None:
        path = write(*csv().splitlines())
        results = read_table(path, margin=1, pictures=500, hypotheses="\n test.accuracy: A > B \n\n", name="mine")
        assert results.study["plan"] == {
            "metric": "test.accuracy",
            "margin": 1.0,
            "hypotheses": ["test.accuracy: A > B"],
        }
        assert results.data.test == 500
        assert results.study["name"] == "mine"
        two = read_table(
            path, hypotheses=["test.accuracy: A > B", "test.accuracy: A > C\ntest.accuracy: B ~ C within 0.01"]
        )
        assert len(two.study["plan"]["hypotheses"]) == 3

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"margin": 0}, "margin: expected a number greater than 0, got 0"),
            ({"margin": float("nan")}, "margin: expected a number greater than 0, got nan"),
            ({"margin": "1"}, "margin: expected a number greater than 0, got 1"),
            ({"margin": True}, "margin: expected a number greater than 0, got True"),
            ({"pictures": 0}, "pictures: expected a whole number of at least 1, got 0"),
            ({"pictures": 2.5}, "pictures: expected a whole number of at least 1, got 2.5"),
            (
                {"hypotheses": [3]},
                "hypotheses: expected lines of text, as in test.accuracy: cross_entropy > l1, got [3]",
            ),
            ({"metric": "test.f1"}, "metric: expected one of test.accuracy, which the table has, got test.f1"),
            ({"metric": "train.accuracy"}, "metric: expected one of test.accuracy, which the table has"),
            ({"metric": 3}, "metric: expected one of test.accuracy, which the table has, got 3"),
        ],
    )
    def test_what_cannot_be_asked(self, write: Write, options: Mapping[str, Any], words: str) -> None:
        with pytest.raises(RequestError) as caught:
            read_table(write(*csv().splitlines()), **options)
        assert words in str(caught.value)


CURVES = "loss_function,seed,epoch,train_loss,accuracy"


class TestOutcomes:
    def test_a_trial_that_stops_early_failed(self, write: Write) -> None:
        rows = ["A,1,1,1,0.5", "A,1,2,1,0.5", "A,1,3,1,0.5", "B,1,1,1,0.5", "B,1,2,1,0.5"]
        results = read_table(write(CURVES, *rows))
        assert ended(results) == {("A", 1): ("finished", 3, ""), ("B", 1): ("failed", 2, "stops at epoch 2 of 3")}
        assert set(results.history.filter(loss_function="B")["status"]) == {"failed"}

    def test_a_pair_without_a_row_is_missing(self, write: Write) -> None:
        results = read_table(write("loss_function,seed,accuracy", "A,1,0.5", "A,3,0.5", "B,3,0.5"))
        assert ended(results)["B", 1] == ("missing", 0, "")
        assert results.trials.height == 4
        assert results.study["seeds"] == [1, 3]

    @pytest.mark.parametrize("cell", ["", "nan", "NaN", "NA", "inf", "None"])
    def test_a_row_without_a_finite_value_diverged(self, write: Write, cell: str) -> None:
        results = read_table(write("loss_function,seed,accuracy", "A,1,0.5", f"B,1,{cell}"))
        assert ended(results)["B", 1] == ("diverged", 0, "no finite value")

    @pytest.mark.parametrize(
        ("end", "reason"),
        [
            ("nan,0.1", "train loss is nan at epoch 3"),
            ("inf,0.1", "train loss is inf at epoch 3"),
            (",0.1", "no train loss after epoch 2"),
            (",", "no finite value at epoch 3"),
            ("1,nan", "test accuracy is nan at epoch 3"),
        ],
    )
    def test_a_loss_or_metric_that_is_lost_at_the_end_diverged(self, write: Write, end: str, reason: str) -> None:
        whole = [f"A,1,{epoch},1,0.5" for epoch in (1, 2, 3)]
        results = read_table(write(CURVES, *whole, "B,1,1,1,0.5", "B,1,2,1,0.5", f"B,1,3,{end}"))
        assert ended(results)["A", 1] == ("finished", 3, "")
        status, epochs, why = ended(results)["B", 1]
        assert (status, why) == ("diverged", reason)
        assert epochs == (2 if end == "," else 3)

    def test_so_did_one_whose_rows_end_with_it(self, write: Write) -> None:
        whole = [f"A,1,{epoch},1,0.5" for epoch in (1, 2, 3)]
        results = read_table(write(CURVES, *whole, "B,1,1,1,0.5", "B,1,2,nan,0.1"))
        assert ended(results)["B", 1] == ("diverged", 2, "train loss is nan at epoch 2")

    def test_what_is_not_measured_in_every_epoch_or_of_every_loss_is_no_divergence(self, write: Write) -> None:
        rows = ["A,1,1,1,0.5", "A,1,2,nan,", "A,1,3,1,0.5", "A,1,4,1,", "B,1,1,,0.5", "B,1,3,,0.5", "B,1,4,,"]
        results = read_table(write(CURVES, *rows))
        assert results.last_epoch == 3
        assert {pair: status for pair, (status, _, _) in ended(results).items()} == {
            ("A", 1): "finished",
            ("B", 1): "finished",
        }

    def test_another_metric_alone_is_no_result(self, write: Write) -> None:
        results = read_table(write("loss_function,seed,accuracy,f1", "A,1,0.5,0.5", "B,1,,0.5"))
        assert ended(results)["B", 1] == ("failed", 1, "no test accuracy")

    def test_the_table_may_say_it(self, write: Write) -> None:
        rows = ["A,1,0.5,finished", "B,1,0.5,Diverged", "C,1,0.5,failed", "D,1,,finished", "E,1,,missing", "F,1,0.5,"]
        results = read_table(write("loss_function,seed,accuracy,status", *rows))
        assert ended(results) == {
            ("A", 1): ("finished", 1, ""),
            ("B", 1): ("diverged", 1, "the table says so"),
            ("C", 1): ("failed", 1, "the table says so"),
            ("D", 1): ("failed", 0, "no test accuracy"),
            ("E", 1): ("missing", 0, "the table says so"),
            ("F", 1): ("finished", 1, ""),
        }

    def test_a_finished_trial_may_have_an_infinite_nll(self, write: Write) -> None:
        results = read_table(write("loss_function,seed,nll,status", "A,1,inf,finished", "B,1,inf,", "C,1,1,"))
        assert [status for status, _, _ in ended(results).values()] == ["finished", "diverged", "finished"]

    def test_the_epoch_of_greatest_validation_accuracy_is_known(self, write: Write) -> None:
        rows = ["A,1,1,0.5,0.5", "A,1,2,0.75,0.5", "A,1,3,0.75,0.5", "A,2,1,0.5,0.5", "A,2,2,,0.5", "A,2,3,0.25,0.5"]
        results = read_table(write("loss_function,seed,epoch,val_accuracy,accuracy", *rows))
        assert results.trials["selected_epoch"].to_list() == [2, 1]


ACCURATE = "loss_function,seed,accuracy"
WHOLE = "a whole number of at least 0 in every row"
NAMES = "a column loss_function (or loss_fn, loss_name, criterion, method)"

COMPLAINTS: list[tuple[str, list[str], str]] = [
    (
        ACCURATE,
        ["A,1,87.5"],
        "column accuracy: expected shares of 1, from 0 to 1, got 87.5 in row 1 (divide percentages by 100)",
    ),
    (
        "loss_function,seed,test_f1",
        ["A,1,0.5", "A,2,1.2"],
        "column test_f1: expected shares of 1, from 0 to 1, got 1.2 in row 2",
    ),
    (
        ACCURATE,
        ["A,1,87.5%"],
        "column accuracy: expected numbers, got 87.5% in row 1 (shares of 1 are wanted, without a percent sign)",
    ),
    (
        "loss_function,seed,metric,value",
        ["A,1,accuracy,87"],
        "column value of accuracy: expected shares of 1, from 0 to 1, got 87 in row 1",
    ),
    ("loss_function,seed,nll", ["A,1,-2.5"], "column nll: expected numbers from 0, got -2.5 in row 1"),
    ("loss_function,seed,brier", ["A,1,2.5"], "column brier: expected numbers from 0 to 2, got 2.5 in row 1"),
    (ACCURATE, ["A,1,high"], "column accuracy: expected numbers, got high in row 1"),
    (ACCURATE, ["A,1,0.5", "A,two,0.5"], f"column seed: expected {WHOLE}, got two in row 2"),
    (ACCURATE, ["A,1.5,0.5"], f"column seed: expected {WHOLE}, got 1.5 in row 1"),
    (ACCURATE, ["A,-1,0.5"], f"column seed: expected {WHOLE}, got -1 in row 1"),
    (ACCURATE, ["A,,0.5"], f"column seed: expected {WHOLE}, got an empty cell in row 1"),
    ("loss_function,seed,epoch,accuracy", ["A,1,last,0.5"], f"column epoch: expected {WHOLE}, got last in row 1"),
    (
        ACCURATE,
        ["A,1,0.5", ",2,0.5"],
        "column loss_function: expected a loss's name in every row, got an empty cell in row 2",
    ),
    (
        "loss_function,seed,accuracy,status",
        ["A,1,0.5,ok"],
        "column status: expected one of finished, diverged, failed, missing, got ok in row 1",
    ),
    (
        "loss_function,seed,epoch,accuracy,status",
        ["A,1,1,0.5,finished", "A,1,2,0.5,failed"],
        "column status: expected one status per loss and seed, got failed and finished of A, seed 1",
    ),
    (
        "loss_function,seed,accuracy,split",
        ["A,1,0.5,holdout"],
        "column split: expected one of train_running, train, validation, test, got holdout in row 1",
    ),
    (
        "loss_function,seed,test_accuracy,split",
        ["A,1,0.5,test"],
        "column split: expected no split in the names of metrics beside it, got test_accuracy",
    ),
    (
        "loss_function,seed,accuracy,test_acc",
        ["A,1,0.5,0.5"],
        "column test_acc: expected one column of test accuracy, got accuracy and test_acc",
    ),
    (
        "loss_function,seed,accuracy,Accuracy",
        ["A,1,0.5,0.5"],
        "column Accuracy: expected one column accuracy, got accuracy and Accuracy",
    ),
    (
        "loss_function,seed,accuracy,accuracy",
        ["A,1,0.5,0.5"],
        "expected columns with different names, got accuracy 2 times",
    ),
    (
        ACCURATE,
        ["A,1,0.5", "B,1,0.5", "A,1,0.5"],
        "row 3: expected every value once per loss, seed and split, got "
        "test accuracy of A, seed 1, as in row 1 (a column epoch",
    ),
    (
        "loss_function,seed,epoch,accuracy",
        ["A,1,2,0.5", "A,1,2,0.25"],
        "row 2: expected every value once per loss, seed, epoch and split, got "
        "test accuracy of A, seed 1, epoch 2, as in row 1",
    ),
    ("loss_function,seed", ["A,1"], "table: expected a column of at least one of loss, accuracy,"),
    (
        "loss_function,seed,metric,value",
        ["A,1,speed,3"],
        "expected at least one of loss, accuracy, precision, recall, f1, nll, brier, ece, top5, auroc, got speed",
    ),
    (
        "loss_function,accuracy",
        ["A,0.5"],
        "table: expected a column seed (or random_seed), got loss_function, accuracy",
    ),
    (
        "loss,seed,accuracy",
        ["A,1,0.5"],
        f"table: expected {NAMES}, got loss, seed, accuracy (the column loss is a metric, the loss's value)",
    ),
    ("method,criterion,seed,accuracy", ["A,B,1,0.5"], f"table: expected {NAMES}, got criterion and method"),
    ("loss_function,seed,train_accuracy", ["A,1,0.5"], "table: expected a value of the test split of one of"),
    (ACCURATE, ["A,1,"], "table: expected a value of the test split of one of"),
    (ACCURATE, ["A,1,0.5", "A,2"], "expected 3 cells in every row, as in the head, got 2 in row 2"),
    (ACCURATE, ['A,1,"0.5'], "expected a table with a head and one row per line"),
    (ACCURATE, [], "table: expected at least one row, got none"),
    ("", [], "expected a table with a head and one row per line, got an empty file"),
]


class TestComplaints:
    @pytest.mark.parametrize(("head", "rows", "words"), COMPLAINTS, ids=lambda value: str(value)[:40])
    def test_a_table_that_cannot_be_used_is_one_sentence(
        self, write: Write, head: str, rows: list[str], words: str
    ) -> None:
        with pytest.raises(RequestError) as caught:
            read_table(write(head, *rows))
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_files_that_are_none(self, tmp_path: Path) -> None:
        (tmp_path / "latin.csv").write_bytes("loss_function,seed,f1\nä,1,0.5\n".encode("latin-1"))
        (tmp_path / "broken.parquet").write_bytes(b"PAR1 no more")
        for name, words in (
            ("none.csv", "expected a readable table, CSV or Parquet, got nothing readable (No such file or directory)"),
            (".", "got nothing readable (Is a directory)"),
            ("latin.csv", "expected a text file in UTF-8, or Parquet named .parquet, got other bytes"),
            ("broken.parquet", "expected a Parquet file, got"),
        ):
            with pytest.raises(RequestError) as caught:
                read_table(tmp_path / name)
            assert words in str(caught.value)

    @pytest.mark.parametrize(
        ("table", "words"),
        [
            (3, "table: expected the path of a CSV or Parquet file, a data frame, columns, or a list of rows, got 3"),
            ([1], "a list of rows, got [1]"),
            ([], "table: expected at least one row, got none"),
            ({"loss_function": ["A"], "seed": [1, 2], "f1": [0.5]}, "table: expected columns of one length"),
            ({"loss_function": "A", "seed": [1], "f1": [0.5]}, "column loss_function: expected a list of cells, got A"),
            ({"loss_function": ["\ud800"], "seed": [1], "f1": [0.5]}, "table: expected text that is valid Unicode"),
            ({"loss_function": ["A"], "seed": [True], "f1": [0.5]}, "column seed: expected a whole number"),
            ({"loss_function": ["A"], "seed": [2**70], "f1": [0.5]}, "column seed: expected a whole number"),
            ({"loss_function": ["A"], "seed": [1], "f1": [[0.5]]}, "column f1: expected numbers, got [0.5] in row 1"),
            (pl.DataFrame({"loss_function": ["A"], "seed": [[1]], "f1": [1]}), "column seed: expected text or numbers"),
            (pd.DataFrame([["A", 1, 1]], columns=["loss_function", "seed", "seed"]), "got seed 2 times"),
        ],
        ids=lambda value: str(value)[:40],
    )  # fmt: skip
    def test_values_that_are_no_table(self, table: object, words: str) -> None:
        with pytest.raises(RequestError) as caught:
            read_table(table)
        assert words in str(caught.value)
