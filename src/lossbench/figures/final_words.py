"""What is said of the figures of where the losses ended."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lossbench.analysis.types import Analysis
from lossbench.figures.curves import split_title
from lossbench.figures.many_seeds import SPREAD
from lossbench.text import MANY_SEEDS, counted, fixed, isolate, listed, oxford

__all__ = ["absent", "alternative", "how"]


def how(table: pl.DataFrame, analysis: Analysis, metric: str) -> str:
    """How the figure is read: what stands for the seeds, and how many there are."""
    drawn = set(table.select("loss_function", "split").iter_rows())
    overall = [item for item in analysis.estimates if item.overall and item.metric == metric]
    counts = [len(item.seeds) for item in overall if (item.loss, item.split) in drawn]
    if not counts:
        return "No trial finished."
    if max(counts) == 1:
        return "One seed per loss: no interval can be given."
    count = counted(max(counts), "seed") if min(counts) == max(counts) else f"{min(counts)} to {max(counts)} seeds"
    single = [] if min(counts) > MANY_SEEDS else ["the single seeds as open circles"]
    pale = [f"pale {SPREAD}"] if max(counts) > MANY_SEEDS else []
    return f"The mean of {count} with its 95 % t interval, and {listed([*single, *pale])}."


def absent(table: pl.DataFrame, labels: Sequence[str]) -> str:
    """Which losses have nothing to draw."""
    lost = [label for label in labels if label not in set(table["loss_function"])]
    return f" No trial of {oxford(lost, 'or')} finished." if lost and not table.is_empty() else ""


def alternative(table: pl.DataFrame, shown: Sequence[str], lead: str) -> str:
    """What is seen, in numbers."""
    parts = []
    means = table.filter(pl.col("kind") == "mean")
    for label in dict.fromkeys(means["loss_function"]):
        rows = means.filter(pl.col("loss_function") == label)
        values = [
            f"{split_title(split)} {fixed(value)}" if len(shown) > 1 else fixed(value)
            for split, value in rows.select("split", "value").iter_rows()
        ]
        parts.append(f"{isolate(label)} {', '.join(values)}")
    return f"{lead}: {listed(parts)}." if parts else "Nothing to see: no trial finished."
