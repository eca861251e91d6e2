"""The options of `run` that say how classifiers are trained."""

from __future__ import annotations

from typing import Annotated

import typer

from lossbench.cli.complete import PRECISIONS, one_of
from lossbench.cli.number import number

__all__ = [
    "Augmentation",
    "BatchSize",
    "Clip",
    "Epochs",
    "EvalInterval",
    "Gamma",
    "Milestones",
    "Mixup",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "Precision",
    "Rate",
    "Schedule",
    "Step",
    "TrainMetrics",
    "Warmup",
    "WeightDecay",
]

Epochs = Annotated[float | None, typer.Option(parser=number, metavar="N", help="Epochs. [default: 30]")]
BatchSize = Annotated[float | None, typer.Option(parser=number, metavar="N", help="Pictures per step. [default: 128]")]
Optimizer = Annotated[
    str | None,
    typer.Option(help="sgd, adam, adamw; another than the study file's drops that one's settings. [default: sgd]"),
]
Rate = Annotated[
    float | None,
    typer.Option(
        parser=number, metavar="X", help="First learning rate; of adam and adamw 0.001 if not given. [default: 0.1]"
    ),
]
Momentum = Annotated[float | None, typer.Option(parser=number, metavar="X", help="Momentum of SGD. [default: 0.9]")]
Nesterov = Annotated[
    bool | None, typer.Option("--nesterov/--no-nesterov", help="Nesterov's form of SGD's momentum. [default: no]")
]
WeightDecay = Annotated[
    float | None,
    typer.Option(parser=number, metavar="X", help="An L2 penalty in sgd and adam, decoupled in adamw. [default: 0]"),
]
Schedule = Annotated[
    str | None,
    typer.Option(
        help="step, multistep, cosine, constant; another than the study file's drops that one's settings. "
        "[default: step]"
    ),
]
Step = Annotated[
    float | None,
    typer.Option(parser=number, metavar="N", help="Epochs between learning rate steps. [default: 5]"),
]
Gamma = Annotated[
    float | None,
    typer.Option(
        parser=number, metavar="X", help="Factor at each step; at milestones 0.1 if not given. [default: 0.5]"
    ),
]
Milestones = Annotated[
    str | None,
    typer.Option(metavar="N,N", help="Epochs after which multistep lowers the learning rate: 80,120."),
]
Warmup = Annotated[
    float | None,
    typer.Option(
        parser=number, metavar="N", help="First epochs, over which the learning rate rises; 0 for none. [default: 0]"
    ),
]
Clip = Annotated[
    float | None,
    typer.Option(
        parser=number, metavar="X", help="Scale longer gradients down to this norm; 0 for never. [default: 0]"
    ),
]
Augmentation = Annotated[
    str | None,
    typer.Option(help="crop(PADDING), flip, cutout(SIDE): in this order, on training batches. [default: none]"),
]
Mixup = Annotated[
    float | None,
    typer.Option(
        parser=number,
        metavar="ALPHA",
        help="Mix training pictures and labels in pairs, for losses that take class probabilities; 0 for none. "
        "[default: 0]",
    ),
]
EvalInterval = Annotated[
    float | None, typer.Option(parser=number, metavar="N", help="Evaluate every so many epochs. [default: 1]")
]
TrainMetrics = Annotated[
    str | None,
    typer.Option(help="full: the training split in evaluation mode; running: while training. [default: full]"),
]
Precision = Annotated[
    str | None,
    typer.Option(
        help="fp32, bf16, or auto: bf16 where the processor has it natively. [default: auto]",
        autocompletion=one_of(PRECISIONS),
    ),
]
