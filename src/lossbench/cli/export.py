"""`lossbench export`: a study for a tracker, or one of its networks for use elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lossbench.api.kept.targets import TARGETS
from lossbench.cli.complete import NETWORKS, TRACKERS, one_of
from lossbench.cli.console import make_console
from lossbench.cli.predict import KeptModel, KeptSeed, StudyName, WhichLoss, whole_seed
from lossbench.cli.tracker_forms import TRACKER_FORMS
from lossbench.errors import RequestError, UnknownNameError
from lossbench.text import listed

__all__ = ["export"]

_FORMS = listed((f"{name} ({target.told})" for name, target in TARGETS.items()), "or")


def export(
    folder: Annotated[Path, typer.Argument(help="A study's folder (log/studies/NAME), or a save dir with one study.")],
    out: Annotated[
        Path | None,
        typer.Argument(metavar="[OUT]", help="The network's file. [default: <study>-<loss>-seed<N> here]"),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help=f"For a network: {_FORMS}. For the whole study: {TRACKER_FORMS}.",
            autocompletion=one_of([*NETWORKS, *TRACKERS]),
        ),
    ] = "torch",
    study: StudyName = None,
    loss: WhichLoss = "best",
    seed: KeptSeed = None,
    model: KeptModel = None,
) -> None:
    """Send a study to a tracker, or write a network that it kept (lossbench run --keep-weights) for use elsewhere.

    A tracker is sent every trial that has ended, with all its epochs, and the report; a study that is sent again is
    there once. A network takes pictures as they are, uint8 (n, height, width, channels), or feature vectors, float32
    (n, features), and gives logits and probabilities; a JSON file beside it says the rest.
    """
    from lossbench.api.kept.choice import folder_of
    from lossbench.tracking import KINDS

    if to in TARGETS:
        _network(folder_of(folder, study), to, out, loss=loss, seed=whole_seed(seed), model=model)
        return
    if ":" not in to and to not in KINDS:
        raise UnknownNameError("--to", to, (*TARGETS, *KINDS))
    given = {"OUT": out, "--loss": None if loss == "best" else loss, "--seed": seed, "--model": model}
    for name, value in given.items():
        if value is not None:
            raise RequestError(name, f"nothing beside --to {to}, which is sent the whole study", str(value))
    _study(folder_of(folder, study), to)


def _network(folder: Path, to: str, out: Path | None, *, loss: str, seed: int | None, model: str | None) -> None:
    from lossbench.api.exporting import export as exported  # torch takes a second or two

    found = exported(folder, to, out, loss=loss, seed=seed, model=model)
    for sentence in (found.why, *found.notes, f"exported: {found.file}", f"described: {found.about}"):
        _say(sentence)


def _study(folder: Path, to: str) -> None:
    from lossbench.api.trackers import send

    sent = send(folder, to)
    for sentence in sent.damaged:
        _say(f"not sent: {sentence}")
    _say(f"sent {sent.trials} trials to {to}")
    if sent.missing:
        _say(f"{sent.missing} trials have not ended; when they have, the same command sends them, too")
    raise typer.Exit(1 if sent.damaged else 0)


def _say(sentence: str) -> None:
    make_console().print(sentence, markup=False, highlight=False, soft_wrap=True)
