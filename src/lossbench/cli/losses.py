"""The commands about losses that train nothing: `lossbench losses` and `lossbench audit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lossbench.cli.choice import FACTS, NEEDS, chosen_cards, named_losses, own_code
from lossbench.cli.complete import LOSSES, one_of
from lossbench.cli.console import make_console
from lossbench.cli.draw_losses import check_output, draw_losses, show_picture, write_picture
from lossbench.cli.show_audit import audit_json, show_audit
from lossbench.cli.show_losses import own_line, show_cards, show_catalogue
from lossbench.errors import RequestError
from lossbench.spec import LossSpec, split_outside

__all__ = ["audit", "losses"]

_MOST = 12  # losses in one picture, unless they were named


def losses(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Losses for their cards: focal, or focal(gamma=0.5).",
            autocompletion=one_of(LOSSES),
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            help="List one family: regression-style, cross-entropy, label noise, or imbalance and margins.",
        ),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar="P",
            help=(
                "List what is bounded, symmetric, convex or nonnegative, admits soft_targets, or needs class_counts, "
                "progress, generator or batch; not-bounded and so on for the opposite. May be repeated: all must hold."
            ),
            autocompletion=one_of([*FACTS, *NEEDS, *(f"not-{name}" for name in (*FACTS, *NEEDS))]),
        ),
    ] = None,
    plot: Annotated[
        bool,
        typer.Option("--plot", help="Draw value and gradient, all losses in one picture, instead."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw into this file: .svg, .png, or .json for the Vega-Lite specification. [default: losses.svg]",
        ),
    ] = None,
) -> None:
    """List the catalogue of losses, show cards, or draw losses.

    A loss of your own can be drawn beside others by its import path, module:object.
    """
    path = output or Path("losses.svg")
    check_output(path)
    if names and (family is not None or properties):
        raise RequestError("NAME", "either names, or --family and --property to choose by", " ".join(names))
    if names:
        specs = named_losses(names, "NAME")
        if plot or output:
            _draw(specs, path)
        else:
            show_cards(make_console(), specs)
        return
    cards = chosen_cards(family, properties or ())
    if not cards:
        asked = ", ".join([*([family] if family is not None else []), *(properties or ())])
        make_console().print(
            f"no loss of the catalogue is all of: {asked}", markup=False, highlight=False, soft_wrap=True
        )
    elif not (plot or output):
        show_catalogue(make_console(), cards)
    elif len(cards) > _MOST:
        allowed = f"at most {_MOST} losses in one picture: name some, or choose by --family and --property"
        raise RequestError("--plot", allowed, f"{len(cards)} losses")
    else:
        _draw([LossSpec(card.name) for card in cards], path)


def audit(
    loss: Annotated[
        str,
        typer.Argument(
            help="A loss of the catalogue, or module:object or module:object(alpha=2) for your own.",
            autocompletion=one_of(LOSSES),
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")] = False,
    declare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="D",
            help=(
                "What is meant and no fault, separated by commas: batch (samples of a batch are coupled), detached (a "
                "factor gets no gradient), dead (a wrong prediction may get none)."
            ),
        ),
    ] = None,
    num_classes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Of a loss for one number of classes alone, such as one with class weights.",
        ),
    ] = None,
) -> None:
    """Examine a loss before you train with it: gradients, extremes, precision, and which known loss it is.

    The exit code is 1 when a check failed, and 0 when none did, warnings or not.
    """
    specs = named_losses([loss], "LOSS")
    if len(specs) > 1:
        raise RequestError("LOSS", "one loss", loss)
    declared = [part for text in declare or () for part in split_outside(text)]

    from lossbench.losses.audit import audit as examine

    try:
        with own_code("LOSS"):
            found = examine(specs[0], declared, num_classes)
    except RequestError as error:
        raise error.renamed(error.field.replace("num_classes", "--num-classes")) from error
    if as_json:
        typer.echo(audit_json(found))
    else:
        show_audit(make_console(), found)
    raise typer.Exit(1 if found.outcome == "fail" else 0)


def _draw(specs: Sequence[LossSpec], path: Path) -> None:
    console = make_console()
    figure = draw_losses(specs)
    write_picture(figure, path)
    for spec in specs:
        if spec.own:
            console.print(own_line(spec), markup=False, highlight=False, soft_wrap=not console.is_terminal)
    show_picture(console, figure, path)
