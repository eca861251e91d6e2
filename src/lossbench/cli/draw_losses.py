"""`lossbench losses --plot`: value and gradient of some losses in one picture, and the file that it goes to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from lossbench.cli.choice import own_code
from lossbench.errors import RequestError, SaveDirError
from lossbench.spec import Arm, LossSpec

if TYPE_CHECKING:
    from lossbench.figures import Figure
    from lossbench.results import LossView

__all__ = ["CLASS_COUNTS", "FORMATS", "check_output", "draw_losses", "show_picture", "write_picture"]

FORMATS = (".svg", ".png", ".json")

CLASS_COUNTS = tuple(round(5000 * 100 ** (-k / 9)) for k in range(10))
"""Training pictures per class where a loss needs them: exponential, by a factor of 100."""

_NOTE = (
    "What depends on the class counts is drawn for counts that fall exponentially from {:,} in the most frequent class "
    "to {:,} in the rarest, each of the two as the true class."
)


def check_output(path: Path) -> None:
    """Raises a RequestError unless the suffix names a format."""
    if path.suffix.lower() not in FORMATS:
        raise RequestError("--output", f"a file that ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}", str(path))


def draw_losses(specs: Sequence[LossSpec]) -> Figure:
    """The figure of some losses, for ten classes.

    Raises:
        RequestError: a user's own loss that cannot be called, or not with one sample.
    """
    from lossbench.figures import definition
    from lossbench.figures.style import PALETTE

    with own_code("NAME"):
        drawn = [list(_views(spec)) for spec in specs]
    colors = len(PALETTE)
    places = {  # a loss that is drawn twice keeps its colour and changes its dash
        view.label: position // colors * 2 * colors + position % colors + time * colors
        for position, views in enumerate(drawn)
        for time, view in enumerate(views)
    }
    twice = any(len(views) > 1 for views in drawn)
    note = _NOTE.format(CLASS_COUNTS[0], CLASS_COUNTS[-1]) if twice else ""
    return definition(1, [view for views in drawn for view in views], places, note)


def write_picture(figure: Figure, path: Path) -> None:
    """Writes the figure in the format that the file's suffix names.

    Raises:
        SaveDirError: the file cannot be written.
    """
    from lossbench.figures import render_png, render_svg

    suffix = path.suffix.lower()
    if suffix == ".png":
        content = render_png(figure)
    elif suffix == ".svg":
        content = render_svg(figure).encode()
    else:
        content = json.dumps(figure.chart, ensure_ascii=False, indent=1).encode() + b"\n"
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SaveDirError("--output", "a file that can be written", str(path), error.strerror or "") from None


def show_picture(console: Console, figure: Figure, path: Path) -> None:
    """What the picture shows, and where it is."""
    from lossbench.text import plain

    console.print(plain(figure.caption), markup=False, highlight=False, soft_wrap=not console.is_terminal)
    console.print(f"picture: {path}", markup=False, highlight=False, soft_wrap=True)


def _views(spec: LossSpec) -> Iterator[LossView]:
    """A loss's curve, or two where it depends on how frequent the true class is."""
    from lossbench.losses import CATALOGUE, bind, curve
    from lossbench.resolve import card_values
    from lossbench.results import LossView

    view = LossView(**card_values(Arm(spec), CLASS_COUNTS))
    if not view.margin:
        raise RequestError("losses", "losses to draw that can be asked for one sample at a time", str(spec))
    last = len(CLASS_COUNTS) - 1
    rarest = replace(view, **asdict(curve(bind(spec, CLASS_COUNTS), last + 1, true_class=last)))
    counted = _differ(view, rarest) if spec.own else "class_counts" in CATALOGUE[spec.name].card.needs
    if not counted:
        yield view
        return
    yield replace(view, label=f"{spec} (most frequent class true)")
    yield replace(rarest, label=f"{spec} (rarest class true)")


def _differ(one: LossView, other: LossView) -> bool:
    """Whether two curves are not the same but for rounding."""
    import numpy as np

    return not np.allclose(one.value, other.value, rtol=1e-3, atol=1e-5, equal_nan=True)
