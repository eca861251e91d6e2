"""`lossbench predict`: what a study's classifiers say of new pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from lossbench.cli.console import make_console
from lossbench.cli.number import number
from lossbench.cli.tables import empty_table
from lossbench.errors import RequestError
from lossbench.files import check_file, write_atomically, writing_file
from lossbench.spec import parse_seeds

if TYPE_CHECKING:
    from lossbench.api.predicting import Predictions

__all__ = ["KeptModel", "KeptSeed", "StudyName", "WhichLoss", "json_text", "predict", "whole_seed"]

StudyName = Annotated[str | None, typer.Option("--study", metavar="NAME", help="Which, of a save dir with several.")]
WhichLoss = Annotated[
    str,
    typer.Option("--loss", metavar="LOSS", help="best for the best mean of the plan's metric, or a loss of the study."),
]
KeptSeed = Annotated[
    float | None,
    typer.Option("--seed", parser=number, metavar="N", help="Which seed. [default: the first that has weights]"),
]
KeptModel = Annotated[
    str | None,
    typer.Option(metavar="MODULE:CALLABLE", help="For a model of your own, its name again: its code is imported."),
]

_MOST_CLASSES = 12  # of which each has a column in the terminal, where there is room


def predict(
    folder: Annotated[Path, typer.Argument(help="A study's folder (log/studies/NAME), or a save dir with one study.")],
    pictures: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURES...",
            help="Pictures, folders of them, .npz or .parquet files. Of vectors: .npz, .csv or .parquet files.",
        ),
    ],
    study: StudyName = None,
    loss: WhichLoss = "best",
    seed: KeptSeed = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="all|1,2,3", help="Several networks, whose probabilities are averaged."),
    ] = None,
    model: KeptModel = None,
    resize: Annotated[
        bool, typer.Option("--resize", help="Resize pictures of another size than the training's.")
    ] = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table there, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
) -> None:
    """Predict pictures or feature vectors with the weights that a study kept (lossbench run --keep-weights).

    One network predicts: of the best loss, or the one named, the first seed that finished with weights.
    """
    if seed is not None and seeds is not None:
        raise RequestError("--seeds", "nothing beside --seed", seeds)
    if csv is not None:
        check_file("--csv", csv)
    several: Literal["all"] | tuple[int, ...] | None = None
    if seeds is not None:
        several = "all" if seeds == "all" else parse_seeds(seeds, "--seeds")

    from lossbench.api.kept.choice import folder_of
    from lossbench.api.predicting import predict as predicted  # torch takes a second or two

    try:
        found = predicted(
            folder_of(folder, study), pictures, loss, seed=whole_seed(seed), seeds=several, model=model, resize=resize
        )
    except RequestError as error:
        raise (error.renamed(f"--{error.field}") if error.field in ("seed", "seeds") else error) from None
    if csv is not None:
        _write(csv, found)
    if as_json:
        typer.echo(json_text(found))
        return
    console = make_console()
    _show(console, found)
    if csv is not None:
        console.print(f"written: {csv}", markup=False, highlight=False, soft_wrap=True)


def whole_seed(seed: object) -> int | None:
    """The seed that was typed.

    Raises:
        RequestError: it is no whole number.
    """
    if seed is None:
        return None
    if not isinstance(seed, int | float) or not math.isfinite(seed) or seed != int(seed) or seed < 0:
        raise RequestError("--seed", "a whole number of at least 0", seed)
    return int(seed)


def _write(file: Path, found: Predictions) -> None:
    from lossbench.results.spreadsheet import csv_bytes

    with writing_file("--csv", file):
        write_atomically(file, csv_bytes(found.frame))


def json_text(found: Predictions) -> str:
    """What was said of pictures, as --json prints it; classes of one name are told apart as in the table."""
    names = found.columns
    rows = [
        {
            found.called: name,
            "prediction": found.class_names[label],
            "probability": float(each[label]),
            "probabilities": dict(zip(names, each.tolist(), strict=True)),
        }
        for name, label, each in zip(found.pictures, found.predicted, found.probabilities, strict=True)
    ]
    told = {"loss": found.loss, "seeds": list(found.seeds), "why": found.why, "notes": list(found.notes)}
    return json.dumps({**told, "predictions": rows}, indent=1, ensure_ascii=False)


def _show(console: Console, found: Predictions) -> None:
    for sentence in (found.why, *found.notes):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    heads, *rows = _cells(found, classes=len(found.class_names) <= _MOST_CLASSES)
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    if sum(widths) + 2 * len(widths) > console.width:
        heads, *rows = _cells(found, classes=False)
    table = empty_table(*heads)
    for column in table.columns[:2]:
        column.overflow = "fold"
    for cells in rows:
        table.add_row(*map(escape, cells))
    console.print(table)


def _cells(found: Predictions, *, classes: bool) -> list[list[str]]:
    """Heads, and one row per picture."""
    frame = found.frame if classes else found.frame.select(found.called, "prediction", "probability")
    rows = [[picture, said, *(f"{value:.4f}" for value in rest)] for picture, said, *rest in frame.iter_rows()]
    return [frame.columns, *rows]
