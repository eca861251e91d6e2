"""Results -> estimates: one metric of one loss on one split, over the seeds that finished."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import polars as pl
from scipy import stats

from lossbench.analysis.types import Estimate
from lossbench.results import HISTORY_COLUMNS, SCENARIO_COLUMNS, Results

__all__ = ["CLASS_METRICS", "METRICS", "estimate_all"]

METRICS = HISTORY_COLUMNS[4:-1]
"""What is estimated: loss, accuracy, precision, recall, f1, nll, brier, ece."""

CLASS_METRICS = ("precision", "recall", "f1")
"""What is estimated of every class."""

_CONFIDENCE = 0.95

_Values = Mapping[tuple[str, ...], Mapping[int, float]]  # loss and more -> seed -> value


def estimate_all(results: Results) -> tuple[Estimate, ...]:
    """Every estimate that a results table allows; the order of its rows changes nothing.

    First every loss, split and metric at the last epoch. Then, of every loss, as far as the table has it: the test ECE
    after temperature scaling; the classes' precision, recall and F1 on the test split at the last epoch; and the
    metrics of the validation and the test split at the epoch that each seed selected on its validation split; what the
    last epoch has where labels were made wrong or classes unequal; and what the last logits of test and validation say.
    """
    parts = (_at_the_last_epoch, _calibrated, _of_classes, _at_the_selected, _of_scenarios, _of_last_logits)
    maker = _Maker.of(results)
    return tuple(estimate for part in parts for estimate in part(results, maker))


@dataclass(frozen=True)
class _Maker:
    """Makes estimates of values per seed; knows how many seeds of each loss diverged, and failed or are missing."""

    last_epoch: int
    diverged: Mapping[str, int]
    failed: Mapping[str, int]

    @classmethod
    def of(cls, results: Results) -> _Maker:
        ended = [(row["loss_function"], row["status"]) for row in results.trials.iter_rows(named=True)]
        diverged = Counter(loss for loss, status in ended if status == "diverged")
        return cls(results.last_epoch, diverged, Counter(loss for loss, s in ended if s in ("failed", "missing")))

    def make(
        self,
        loss: str,
        split: str,
        metric: str,
        values: Mapping[int, float],
        *,
        class_name: str | None = None,
        selected: bool = False,
    ) -> Estimate:
        seeds = tuple(sorted(values))
        mean, sd, half = _spread(np.array([values[seed] for seed in seeds]))
        return Estimate(
            loss=loss,
            split=split,
            metric=metric,
            epoch=None if selected else self.last_epoch,
            seeds=seeds,
            values=tuple(values[seed] for seed in seeds),
            mean=mean,
            sd=sd,
            low=None if mean is None or half is None else mean - half,
            high=None if mean is None or half is None else mean + half,
            diverged=self.diverged[loss],
            failed=self.failed[loss],
            class_name=class_name,
        )


def _at_the_last_epoch(results: Results, maker: _Maker) -> Iterator[Estimate]:
    last = _finished(results.history).filter(pl.col("epoch") == results.last_epoch)
    values = _values(last, ("loss_function", "split"), METRICS)
    for key in product(results.labels, _splits(results), METRICS):
        yield maker.make(*key, values.get(key, {}))


def _calibrated(results: Results, maker: _Maker) -> Iterator[Estimate]:
    if "ece_calibrated" not in results.trials.columns:
        return
    values = _values(_finished(results.trials), ("loss_function",), ("ece_calibrated",))
    if values:
        for loss in results.labels:
            yield maker.make(loss, "test", "ece_calibrated", values.get((loss, "ece_calibrated"), {}))


def _of_classes(results: Results, maker: _Maker) -> Iterator[Estimate]:
    if results.classes.is_empty():
        return
    last = _finished(results.classes).filter((pl.col("epoch") == results.last_epoch) & (pl.col("split") == "test"))
    values = _values(last, ("loss_function", "class_name"), CLASS_METRICS)
    for loss, name, metric in product(results.labels, results.data.class_names, CLASS_METRICS):
        yield maker.make(loss, "test", metric, values.get((loss, name, metric), {}), class_name=name)


def _at_the_selected(results: Results, maker: _Maker) -> Iterator[Estimate]:
    if "validation" not in _splits(results) or "selected_epoch" not in results.trials.columns:
        return
    trials = _finished(results.trials).select("loss_function", "seed", epoch=pl.col("selected_epoch").cast(pl.Int64))
    rows = _finished(results.history).join(trials.drop_nulls(), on=["loss_function", "seed", "epoch"])
    values = _values(rows, ("loss_function", "split"), METRICS)
    if values:
        for key in product(results.labels, ("validation", "test"), METRICS):
            yield maker.make(*key, values.get(key, {}), selected=True)


def _of_scenarios(results: Results, maker: _Maker) -> Iterator[Estimate]:
    wanted = [name for name in SCENARIO_COLUMNS if results.measured(name)]
    if wanted:
        last = _finished(results.history).filter(pl.col("epoch") == results.last_epoch)
        values = _values(last, ("loss_function", "split"), wanted)
        there = {key[1:] for key in values}
        for key in product(results.labels, _splits(results), wanted):
            if key[1:] in there:
                yield maker.make(*key, values.get(key, {}))


def _of_last_logits(results: Results, maker: _Maker) -> Iterator[Estimate]:
    wanted = [name for name in results.logit_metrics if name in results.history.columns]
    last = _finished(results.history).filter(pl.col("epoch") == results.last_epoch)
    values = _values(last, ("loss_function", "split"), wanted)
    there = {key[1:] for key in values} | {tuple(str(results.study["plan"]["metric"]).split("."))}
    for key in product(results.labels, _splits(results), wanted):
        if key[1:] in there:
            yield maker.make(*key, values.get(key, {}))


def _splits(results: Results) -> list[str]:
    """The splits of a study in the order of training, validation, test; `test` also without a finished trial."""
    running = results.study["recipe"]["train_metrics"] == "running"
    held_out = results.data.validation or "validation" in results.history["split"]
    validation = ["validation"] if held_out else []
    return ["train_running" if running else "train", *validation, "test"]


def _finished(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("status") == "finished")


def _values(rows: pl.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> _Values:
    """The metrics' values by what `by` names and the metric; what was not measured is left out."""
    found: dict[tuple[str, ...], dict[int, float]] = {}
    for row in rows.iter_rows(named=True):
        for metric in metrics:
            value = row[metric]
            if value is not None and not math.isnan(value):
                found.setdefault((*(row[name] for name in by), metric), {})[row["seed"]] = float(value)
    return found


def _spread(values: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """Mean, standard deviation (n − 1) and half of the t interval, as far as there are values for them."""
    if len(values) == 0:
        return None, None, None
    mean = float(values.mean())
    if len(values) == 1 or not math.isfinite(mean):  # a probability of 0 has an infinite NLL
        return mean, None, None
    sd = float(values.std(ddof=1))
    return mean, sd, _quantile(len(values) - 1) * sd / len(values) ** 0.5


@lru_cache
def _quantile(df: int) -> float:
    return float(stats.t.ppf((1 + _CONFIDENCE) / 2, df))
