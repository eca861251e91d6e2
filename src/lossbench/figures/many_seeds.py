"""What is drawn of many seeds: where they lie, instead of each of them."""

from __future__ import annotations

import polars as pl

from lossbench.figures.curves import CURVE
from lossbench.text import MANY_SEEDS

__all__ = ["HIGH", "LOW", "SPREAD", "summarised"]

LOW, HIGH = 0.05, 0.95
"""The quantiles over seeds that stand for their spread."""

SPREAD = "from the 5th to the 95th percentile of the seeds"
"""What such a spread is called."""

_CURVE = ("loss_function", "metric", "split", "epoch")


def summarised(table: pl.DataFrame) -> pl.DataFrame:
    """A table of `curves` in which a loss with many seeds has their spread in the place of single ones.

    Such rows have the kind `spread`: `value` is the median, `low` and `high` the quantiles. Many trials that ended
    early are left out; few stay.
    """
    kinds = table.group_by("loss_function", "kind").agg(pl.col("seed").n_unique())
    many = kinds.filter((pl.col("seed") > MANY_SEEDS) & pl.col("kind").is_in(["seed", "ended"]))
    if many.is_empty():
        return table
    lots = table.join(many, on=["loss_function", "kind"], how="semi")
    rest = table.join(many, on=["loss_function", "kind"], how="anti", maintain_order="left")
    return pl.concat([rest, _spread(lots.filter(pl.col("kind") == "seed"))])


def _spread(rows: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("value")
    found = rows.group_by(*_CURVE, maintain_order=True).agg(
        value.median(),
        value.quantile(LOW, "linear").alias("low"),
        value.quantile(HIGH, "linear").alias("high"),
    )
    ends = pl.lit("spread").alias("kind"), pl.lit(None, pl.Int64).alias("seed")
    return found.sort("metric", "split", "epoch").with_columns(*ends).select(list(CURVE))
