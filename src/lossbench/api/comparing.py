"""Comparing losses by a table of results that were trained elsewhere, without importing torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lossbench.analysis import Analysis, analyse
from lossbench.report import write_report
from lossbench.results import Results, read_table

__all__ = ["compare", "compare_and_write"]


def compare(
    table: object,
    margin: float = 0.01,
    *,
    metric: str | None = None,
    pictures: int | None = None,
    hypotheses: str | Sequence[str] = (),
    save_dir: str | Path | None = None,
    name: str | None = None,
) -> Analysis:
    """Which losses of a table are better, equivalent or undecided: every verdict that its columns allow.

    The columns are at least `loss_function`, `seed` and one of accuracy, precision, recall, f1, nll, brier, ece and
    loss; also `epoch`, `split`, `status`, or `metric` and `value` with one row per number. All losses must have been
    trained with the same seeds, for differences are paired over seeds.

    Args:
        table: the path of a CSV or Parquet file, a data frame, a mapping of columns, or a list of rows.
        margin: differences below it are of no practical importance.
        metric: what is compared first, `test.f1`; None for test accuracy, or the first metric that there is.
        pictures: how many test pictures the metrics were taken over, if that is known.
        hypotheses: what was expected, one per line or item.
        save_dir: where the tables and the report are written; None to write nothing.
        name: what the report calls the table; None for the file's name without its ending.

    Raises:
        RequestError: the table or an argument cannot be used; one sentence says which column and why.
        SaveDirError: the folder cannot be written.
    """
    results = read_table(table, metric=metric, margin=margin, pictures=pictures, hypotheses=hypotheses, name=name)
    return compare_and_write(results, save_dir)[0]


def compare_and_write(
    results: Results, save_dir: str | Path | None, forms: tuple[str, ...] = ("html",)
) -> tuple[Analysis, Path | None]:
    """What is concluded from results, and the path of the report's first form where it was written.

    Raises:
        RequestError: a form cannot be written here.
        SaveDirError: the folder cannot be written.
    """
    analysis = analyse(results)
    return analysis, None if save_dir is None else write_report(results, analysis, Path(save_dir), forms=forms)
