"""The options of `run` that change what is compared; what each gives goes where `overrides.OPTIONS` says."""

from __future__ import annotations

from typing import Annotated

import typer

from lossbench.cli.complete import DATA, MODELS, losses, one_of
from lossbench.cli.number import number
from lossbench.spec import PRESETS

__all__ = [
    "Data",
    "ImageColumn",
    "LabelColumn",
    "Losses",
    "Metrics",
    "Models",
    "Name",
    "Preset",
    "Scale",
    "Scenarios",
    "Seeds",
    "Size",
]

Preset = Annotated[
    str | None,
    typer.Option(
        help=f"A study to start from: {', '.join(PRESETS)}; `lossbench presets` tells of them.",
        autocompletion=one_of(PRESETS),
    ),
]
Name = Annotated[str | None, typer.Option(help="The study's name. [default: <preset or data>-<model>]")]
Data = Annotated[
    str | None,
    typer.Option(help="A data set's name or path, or hub:owner/name. [default: digits]", autocompletion=one_of(DATA)),
]
ImageColumn = Annotated[str | None, typer.Option(help="Which column of the data holds the pictures.")]
LabelColumn = Annotated[str | None, typer.Option(help="Which column of the data holds the labels.")]
Size = Annotated[
    str | None, typer.Option(metavar="N", help="Resize pictures to this side, or to height x width, as in 64x48.")
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="A model's name, timm:NAME, torchvision:NAME, or module:callable; may be repeated. [default: cnn]",
        autocompletion=one_of(MODELS),
    ),
]
Losses = Annotated[
    list[str] | None,
    typer.Option(
        help="Losses, separated by commas; may be repeated. [default: the document's four]",
        autocompletion=losses,
    ),
]
Scenarios = Annotated[
    list[str] | None,
    typer.Option(
        "--scenario",
        metavar="TEXT",
        help="What is done to the data, as in 'noise(symmetric, 0.4)'; may be repeated; instead of the file's or the "
        "preset's. [default: clean]",
    ),
]
Scale = Annotated[
    float | None,
    typer.Option(
        parser=number,
        metavar="X",
        help="Train on this share of the training data, below 1, in every scenario; the epochs stay.",
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="MODULE:FUNCTION",
        help="A metric of your own, a function of logits and target; may be repeated. 'module:cost, lower is better' "
        "where less is better.",
    ),
]
Seeds = Annotated[str | None, typer.Option(help="5 for seeds 1 to 5; 1,2,3 or 7, for a list. [default: 5]")]
