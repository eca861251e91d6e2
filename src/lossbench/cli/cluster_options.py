"""The options of `run` that say who trains where."""

from __future__ import annotations

from typing import Annotated

import typer

from lossbench.cli.complete import EXECUTORS, one_of
from lossbench.cli.number import number

__all__ = ["Address", "Cpus", "Executor", "Gpus", "Stack"]

Executor = Annotated[
    str,
    typer.Option(
        help=(
            "processes; stack, for trials side by side in one model on a GPU; inline, for this process alone; "
            "or ray, for the nodes of a Ray cluster (extra ray)."
        ),
        autocompletion=one_of(EXECUTORS),
    ),
]
Stack = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help=(
            "With --executor stack or ray, how many trials side by side in one model at most, or auto for as many as "
            "pay. [default: auto, and no stacks with ray]"
        ),
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="auto|HOST:PORT",
        help=(
            "With --executor ray, the cluster: auto for the one of this machine. "
            "[default: the one that RAY_ADDRESS names, or one started here for this run]"
        ),
    ),
]
Cpus = Annotated[
    float | None,
    typer.Option(parser=number, metavar="N", help="With --executor ray, the cores that a trial takes. [default: 1]"),
]
Gpus = Annotated[
    float | None,
    typer.Option(
        parser=number,
        metavar="X",
        help="With --executor ray, the GPUs that a trial takes, or its share of one: 0.25. [default: 0]",
    ),
]
