"""`lossbench compare`: the same verdicts for results that were trained elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lossbench.cli.console import make_console
from lossbench.cli.number import number
from lossbench.errors import RequestError

__all__ = ["compare"]

_OPTIONS = ("margin", "metric", "pictures", "hypotheses")


def compare(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE",
            help=(
                "A CSV or Parquet file with columns loss_function, seed and at least one of accuracy, precision, "
                "recall, f1, nll, brier, ece, loss; epoch, split and status are optional. Or with columns metric and "
                "value, one number per row."
            ),
        ),
    ],
    metric: Annotated[
        str | None,
        typer.Option(help="What is compared first. [default: test.accuracy, or the first metric that there is]"),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            parser=number, metavar="X", help="Differences below it are of no practical importance. [default: 0.01]"
        ),
    ] = None,
    pictures: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="How many test pictures there were, if that is known."),
    ] = None,
    hypotheses: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|TEXT", help="What was expected: a file with one per line, or one. May be repeated."),
    ] = None,
    save_dir: Annotated[
        Path | None, typer.Option(help="Where tables and report are written. [default: nowhere]")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="Of the report: html, md, pdf, tex, separated by commas.")
    ] = "html",
) -> None:
    """Compare losses by a table of results that were trained elsewhere.

    Differences are paired over seeds: every loss should have been trained with the same ones.
    """
    expected = _texts(hypotheses or ())
    least = 0.01 if margin is None else margin

    from lossbench.api.comparing import compare_and_write  # tables and charts take a second, which `--help` need not
    from lossbench.cli import show
    from lossbench.report import parse_forms
    from lossbench.results import read_table

    forms = parse_forms(form)
    try:
        results = read_table(table, metric=metric, margin=least, pictures=pictures, hypotheses=expected)
        analysis, page = compare_and_write(results, save_dir, forms)
    except RequestError as error:
        raise error.renamed(f"--{error.field}") if error.field.partition(",")[0] in _OPTIONS else error from None
    show.show_answer(make_console(), results, analysis, page)


def _texts(given: Sequence[str]) -> list[str]:
    """What files hold in the place of their paths."""
    return [_text(item) for item in given]


def _text(item: str) -> str:
    path = Path(item)
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else item
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError("--hypotheses", "a readable text file", f"{item}: {error}") from None
