"""`Figure`: one figure as data, words and chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

__all__ = ["Choice", "Figure", "Slider"]


@dataclass(frozen=True)
class Choice:
    """One of several things that a figure on the page can show.

    Args:
        parameter: of the figure's `explorer` that the choice sets.
        label: what is chosen, in a word.
        options: (value, words) pairs, the first of which the figure shows by itself.
    """

    parameter: str
    label: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Slider:
    """A number that a figure on the page can be moved by.

    Args:
        parameter: of the figure's `explorer` that the slider sets.
        label: what is moved.
        low: the least value.
        high: the greatest.
        step: between two values.
        value: where it stands at first.
    """

    parameter: str
    label: str
    low: float
    high: float
    step: float
    value: float


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure of a study.

    Labels inside `title`, `caption` and `alt` stand between Unicode isolates (see `text.isolate`), so that a label
    in another writing direction leaves the words around it alone.

    Args:
        number: its place in the study, from 1.
        slug: what it shows, as part of a file's name: `final-accuracy`.
        title: what it shows, in a few words.
        caption: how to read it, computed from the data.
        alt: what is seen, with numbers, for those who cannot see it.
        loss: the loss it is about, for training figures; of a definition figure the first of its family.
        table: the data that it draws, typed and sorted.
        chart: a Vega-Lite specification with the data inside.
        explorer: the specification that a page with JavaScript shows, where it has more to show; it has the parameters
            that `controls` set.
        controls: what a reader may change there.
    """

    number: int
    slug: str
    title: str
    caption: str
    alt: str
    loss: str | None
    table: pl.DataFrame
    chart: Mapping[str, Any]
    explorer: Mapping[str, Any] | None = None
    controls: tuple[Choice | Slider, ...] = ()

    @property
    def stem(self) -> str:
        """The name of its files without the ending: `08-final-accuracy`."""
        return f"{self.number:02d}-{self.slug}"
