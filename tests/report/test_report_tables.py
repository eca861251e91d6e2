"""The CSV files."""

import io

import polars as pl

from lossbench.report.tables import (
    COMPARISONS,
    GRADIENT_SCALE,
    SUMMARY,
    comparisons_table,
    gradient_scale_table,
    history_table,
    summary_table,
)
from lossbench.results import HISTORY_COLUMNS
from lossbench.results.spreadsheet import csv_bytes
from synthetic import HOSTILE, Norms, analyse, study


def test_history_has_exactly_its_columns() -> None:
    results = study(losses=("l1",), seeds=2, epochs=2)
    extra = results.history.with_columns(mean_confidence=pl.lit(0.5))
    assert history_table(results).columns == list(HISTORY_COLUMNS)
    assert extra.select(HISTORY_COLUMNS).equals(history_table(results))


def test_every_digit_survives() -> None:
    results = study(losses=("l1", "cross_entropy"), seeds=3, epochs=2)
    analysis = analyse(results)
    tables = (
        history_table(results), summary_table(analysis), comparisons_table(analysis), gradient_scale_table(results)
    )  # fmt: skip
    for table in tables:
        back = pl.read_csv(io.BytesIO(csv_bytes(table)), schema=table.schema)
        assert back.equals(table)


def test_summary_has_one_row_per_estimate() -> None:
    analysis = analyse(study(losses=("l1",), seeds=3, epochs=2, status={("l1", 1): ("diverged", 1, "x")}))
    table = summary_table(analysis)
    assert table.columns == list(SUMMARY)
    assert table.height == len(analysis.estimates)
    assert set(table["seeds"]) == {2}
    assert set(table["diverged"]) == {1}


def test_comparisons_name_both_sides() -> None:
    table = comparisons_table(analyse(study(losses=("l1", "cross_entropy"), seeds=3, epochs=4)))
    assert table.columns == list(COMPARISONS)
    assert table.row(0)[:4] == ("test.accuracy", "l1", "cross_entropy", 3)
    assert table["verdict"][0] == "worse"


def test_gradient_scale_has_one_row_per_loss_in_the_studys_order() -> None:
    norms: Norms = {("a", 1): (1.0, 2.0), ("a", 2): (4.0, 2.0), ("b", 1): (None, 2.0), ("b", 2): (6.0, 2.0)}
    unknown: Norms = {("c", seed): (1.0, None) for seed in (1, 2)}
    table = gradient_scale_table(study(losses=("a", "b", "c"), seeds=2, epochs=1, norms={**norms, **unknown}))
    assert table.columns == list(GRADIENT_SCALE)
    infinite = float("inf")
    assert table.rows() == [
        ("a", 2, 1.0, 0.5, 2.0, 0.1),
        ("b", 2, infinite, 3.0, infinite, None),
        ("c", 0, None, None, None, None),
    ]


def test_no_table_is_empty_of_columns() -> None:
    table = comparisons_table(analyse(study(losses=("l1",), seeds=1, epochs=1)))
    assert csv_bytes(table).decode() == ",".join(COMPARISONS) + "\n"


def test_a_spreadsheet_computes_no_label() -> None:
    table = pl.DataFrame({"loss_function": ["=1+1", "+a", "-a", "@a", "a=b", HOSTILE[3]], "x": [-1.0] * 6})
    lines = csv_bytes(table).decode().splitlines()[1:]
    assert [line[0] for line in lines] == ["'", "'", "'", "'", "a", "'"]
    assert all(line.endswith(",-1.0") for line in lines)
