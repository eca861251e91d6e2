"""`Figure`: one figure as data, words and chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

__all__ = ["Figure"]


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
    """

    number: int
    slug: str
    title: str
    caption: str
    alt: str
    loss: str | None
    table: pl.DataFrame
    chart: Mapping[str, Any]

    @property
    def stem(self) -> str:
        """The name of its files without the ending: `08-final-accuracy`."""
        return f"{self.number:02d}-{self.slug}"
