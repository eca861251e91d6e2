"""The tables that are written beside the page, for whoever wants to compute on."""

from __future__ import annotations

import polars as pl

from lossbench.analysis.types import Analysis
from lossbench.results import HISTORY_COLUMNS, Results

__all__ = ["COMPARISONS", "SUMMARY", "comparisons_table", "csv", "history_table", "summary_table"]

SUMMARY = {
    "loss_function": pl.String,
    "split": pl.String,
    "metric": pl.String,
    "epoch": pl.Int64,
    "seeds": pl.Int64,
    "mean": pl.Float64,
    "sd": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "diverged": pl.Int64,
    "failed": pl.Int64,
}
COMPARISONS = {
    "metric": pl.String,
    "a": pl.String,
    "b": pl.String,
    "seeds": pl.Int64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_difference": pl.Float64,
    "p_adjusted": pl.Float64,
    "p_equivalence": pl.Float64,
    "probability_of_superiority": pl.Float64,
    "verdict": pl.String,
    "reason": pl.String,
}

_FORMULA = r"^[=+\-@\t\r]"  # what a spreadsheet would compute when the file is opened


def history_table(results: Results) -> pl.DataFrame:
    """One row per loss, seed, epoch and split."""
    return results.history.select(HISTORY_COLUMNS)


def summary_table(analysis: Analysis) -> pl.DataFrame:
    """One row per estimate."""
    rows = [
        (e.loss, e.split, e.metric, e.epoch, len(e.seeds), e.mean, e.sd, e.low, e.high, e.diverged, e.failed)
        for e in analysis.estimates
    ]
    return pl.DataFrame(rows, schema=SUMMARY, orient="row")


def comparisons_table(analysis: Analysis) -> pl.DataFrame:
    """One row per pair of losses."""
    rows = [tuple(getattr(item, name) for name in COMPARISONS) for item in analysis.comparisons]
    return pl.DataFrame(rows, schema=COMPARISONS, orient="row")


def csv(table: pl.DataFrame) -> bytes:
    """A table as CSV, every digit kept; text that a spreadsheet would take for a formula gets a quote in front."""
    guarded = table.with_columns(pl.col(pl.String).str.replace(f"({_FORMULA})", "'$1"))
    return guarded.write_csv().encode()
