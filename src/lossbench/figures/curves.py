"""Metrics over epochs as a tidy table: seeds, their mean and spread, and the trials that ended early."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lossbench.results import Results

__all__ = [
    "CURVE",
    "SCENARIO_NAMES",
    "curve",
    "curves",
    "ended",
    "finished_seeds",
    "marked",
    "metric_name",
    "split_title",
    "splits",
    "train_split",
]

# `kind`: `seed` a finished trial, `mean` over them, `ended` a trial that did not get to its last epoch.
CURVE = {
    "loss_function": pl.String,
    "metric": pl.String,
    "split": pl.String,
    "kind": pl.String,
    "seed": pl.Int64,
    "epoch": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}

SCENARIO_NAMES = {
    "memorised": "share of wrong labels memorised",
    "corrected": "share of wrong labels corrected",
    "accuracy_clean": "accuracy on true labels",
    "many": "recall of many-shot classes",
    "medium": "recall of medium-shot classes",
    "few": "recall of few-shot classes",
}
"""What is measured where a scenario allows it, as readers see it."""

_TITLES = {"train_running": "train (running)"}
_NAMES = {
    "f1": "F1",
    "nll": "negative log-likelihood",
    "brier": "Brier score",
    "ece": "calibration error (ECE)",
    "top5": "top-5 accuracy",
    "auroc": "area under the ROC curve",
    **SCENARIO_NAMES,
}


def split_title(split: str) -> str:
    """A split as readers see it; running metrics are named wherever they are shown."""
    return _TITLES.get(split, split)


def metric_name(column: str) -> str:
    """A column of the history as readers see it."""
    return _NAMES.get(column, column)


def train_split(results: Results) -> str:
    """`train`, or `train_running` where the study measured during the epoch."""
    running = results.study["recipe"].get("train_metrics", "full") == "running"
    present = set(results.history["split"].unique())
    return "train_running" if "train_running" in present or (running and "train" not in present) else "train"


def splits(results: Results) -> tuple[str, str]:
    """What the figures show: training and test."""
    return train_split(results), "test"


def finished_seeds(results: Results, loss: str) -> list[int]:
    """The seeds whose trial of this loss was trained to its end."""
    rows = results.trials.filter((pl.col("loss_function") == loss) & (pl.col("status") == "finished"))
    return sorted(rows["seed"].to_list())


def ended(results: Results, loss: str, status: str = "diverged") -> list[tuple[int, int, str]]:
    """(seed, epochs done, reason) of the trials of this loss with a status."""
    rows = results.trials.filter((pl.col("loss_function") == loss) & (pl.col("status") == status)).sort("seed")
    return [(row["seed"], row["epochs"] or 0, row["reason"] or "") for row in rows.iter_rows(named=True)]


def curves(results: Results, losses: Sequence[str], metrics: Sequence[str], shown: Sequence[str]) -> pl.DataFrame:
    """The tidy table of `CURVE` for some losses, metrics and splits, in that order."""
    tables = [_of_metric(results, losses, metric, shown) for metric in metrics]
    table = pl.concat(tables) if tables else pl.DataFrame(schema=CURVE)
    ranks = [
        pl.col(name).replace_strict(list(order), list(range(len(order))), return_dtype=pl.Int64)
        for name, order in (("loss_function", losses), ("metric", metrics), ("split", shown))
    ]
    return table.sort(*ranks, pl.col("kind"), pl.col("seed"), pl.col("epoch"), nulls_last=True)


def curve(table: pl.DataFrame, loss: str, metric: str, split: str) -> tuple[list[int], list[float]]:
    """Epochs and means of one curve."""
    rows = table.filter(
        (pl.col("loss_function") == loss)
        & (pl.col("metric") == metric)
        & (pl.col("split") == split)
        & (pl.col("kind") == "mean")
    )
    return rows["epoch"].to_list(), rows["value"].to_list()


def marked(epochs: Sequence[int], position: int, count: int = 5) -> list[int]:
    """Where a curve carries its shape: few epochs, shifted by place so that shapes of close curves do not cover."""
    step = max(1, len(epochs) // count)
    return list(epochs[(position * max(1, step // 3)) % step :: step])


def _of_metric(results: Results, losses: Sequence[str], metric: str, shown: Sequence[str]) -> pl.DataFrame:
    value = pl.col(metric).cast(pl.Float64)
    rows = results.history.filter(
        pl.col("loss_function").is_in(losses) & pl.col("split").is_in(shown) & value.is_finite()
    ).select(
        "loss_function",
        pl.lit(metric).alias("metric"),
        "split",
        pl.when(pl.col("status") == "finished").then(pl.lit("seed")).otherwise(pl.lit("ended")).alias("kind"),
        pl.col("seed").cast(pl.Int64),
        pl.col("epoch").cast(pl.Int64),
        value.alias("value"),
        pl.lit(None, pl.Float64).alias("low"),
        pl.lit(None, pl.Float64).alias("high"),
    )
    return pl.concat([rows, _mean(rows)]).select(list(CURVE))


def _mean(rows: pl.DataFrame) -> pl.DataFrame:
    """The mean over finished seeds, with one standard deviation (n − 1) to each side where there are two."""
    grouped = (
        rows.filter(pl.col("kind") == "seed")
        .sort("seed")
        .group_by("loss_function", "metric", "split", "epoch", maintain_order=True)
        .agg(pl.col("value").mean(), pl.col("value").std().alias("sd"))
    )
    return grouped.select(
        "loss_function",
        "metric",
        "split",
        pl.lit("mean").alias("kind"),
        pl.lit(None, pl.Int64).alias("seed"),
        "epoch",
        "value",
        (pl.col("value") - pl.col("sd")).alias("low"),
        (pl.col("value") + pl.col("sd")).alias("high"),
    )
