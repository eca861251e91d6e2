"""`lossbench export`: a study's network for use elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lossbench.cli.console import make_console
from lossbench.cli.predict import KeptModel, KeptSeed, StudyName, WhichLoss, whole_seed

__all__ = ["export"]


def export(
    folder: Annotated[Path, typer.Argument(help="A study's folder (log/studies/NAME), or a save dir with one study.")],
    out: Annotated[
        Path | None, typer.Argument(metavar="[OUT]", help="The file. [default: <study>-<loss>-seed<N> here]")
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="torch (torch.export), onnx (takes the extra onnx), or safetensors.")
    ] = "torch",
    study: StudyName = None,
    loss: WhichLoss = "best",
    seed: KeptSeed = None,
    model: KeptModel = None,
) -> None:
    """Write a network that a study trained and kept (lossbench run --keep-weights) for use elsewhere.

    It takes pictures as they are, uint8 (n, height, width, channels), and gives logits and probabilities; a JSON file
    beside it says the rest.
    """
    from lossbench.api.exporting import export as exported  # torch takes a second or two
    from lossbench.api.kept.choice import folder_of

    found = exported(folder_of(folder, study), to, out, loss=loss, seed=whole_seed(seed), model=model)
    console = make_console()
    for sentence in (found.why, *found.notes, f"exported: {found.file}", f"described: {found.about}"):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
