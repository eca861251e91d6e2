"""Results -> Analysis: a pure function of the table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy import stats

from lossbench.analysis.comparisons import compare_all
from lossbench.analysis.family import Arm, Family, Question
from lossbench.analysis.looks import looks_taken
from lossbench.analysis.standings import standings
from lossbench.analysis.types import Analysis, Comparison, Estimate
from lossbench.results import HISTORY_COLUMNS, Results

__all__ = ["METRICS", "analyse"]

METRICS = HISTORY_COLUMNS[4:-1]
"""What is estimated: loss, accuracy, precision, recall, f1, nll, brier, ece."""

_LOWER_IS_BETTER = ("loss", "nll", "brier", "ece")
_CONFIDENCE = 0.95


def analyse(results: Results) -> Analysis:
    """Estimates of every loss, split and metric, and the comparison of every pair in every test metric.

    The primary metric and the margin are those of the study's plan, written before the run. The other metrics are
    compared with the same margin, each in a family of its own.
    """
    metric = str(results.study["plan"]["metric"])
    split, _, column = metric.partition(".")
    estimates = tuple(
        _estimate(results, label, split_, name)
        for label in results.labels
        for split_ in _splits(results)
        for name in METRICS
    )
    families = {name: _family(results, estimates, split, name) for name in METRICS if name != "loss" or name == column}
    primary = [e for e in estimates if e.split == split and e.metric == column]
    accuracy = [e for e in estimates if e.split == split and e.metric == "accuracy"]
    comparisons = compare_all(families[column])
    by_loss = {e.loss: e for e in primary}
    ranking = sorted(results.labels, key=lambda label: _rank_key(by_loss[label], column not in _LOWER_IS_BETTER))
    others = [family for name, family in families.items() if name != column and family.seeds]
    return Analysis(
        metric=metric,
        margin=float(results.study["plan"]["margin"]),
        higher_is_better=column not in _LOWER_IS_BETTER,
        estimates=estimates,
        comparisons=comparisons,
        ranking=tuple(ranking),
        leaders=_leaders(ranking, by_loss, comparisons),
        standings=standings(families[column], comparisons, primary, accuracy),
        secondary=tuple(item for family in others for item in compare_all(family)),
    )


def _family(results: Results, estimates: Sequence[Estimate], split: str, column: str) -> Family:
    """Every loss's values of one metric, and what is asked of them."""
    per_picture = {"accuracy": results.correct, **results.per_picture}.get(column, {})
    arms = [
        Arm(e.loss, dict(zip(e.seeds, e.values, strict=True)), per_picture.get(e.loss, {}), e.diverged)
        for e in estimates
        if e.split == split and e.metric == column
    ]
    question = Question(
        metric=f"{split}.{column}",
        margin=float(results.study["plan"]["margin"]),
        higher_is_better=column not in _LOWER_IS_BETTER,
        pictures=results.data.test,
        classes=len(results.data.class_names),
        looks=looks_taken(results),
        seeds=tuple(results.study.get("seeds", ())),
    )
    return Family(arms, question)


def _splits(results: Results) -> list[str]:
    """The splits of a study in the order of training, validation, test; `test` also without a finished trial."""
    running = results.study["recipe"]["train_metrics"] == "running"
    validation = ["validation"] if results.data.validation else []
    return ["train_running" if running else "train", *validation, "test"]


def _estimate(results: Results, label: str, split: str, metric: str) -> Estimate:
    """One metric of one loss on one split, at the last epoch of the trials that finished."""
    status = results.trials.filter(pl.col("loss_function") == label)["status"]
    last = results.history.filter(
        (pl.col("loss_function") == label)
        & (pl.col("split") == split)
        & (pl.col("status") == "finished")
        & (pl.col("epoch") == results.last_epoch)
    ).sort("seed")
    values = last[metric].to_numpy()
    mean, sd, half = _spread(values)
    return Estimate(
        loss=label,
        split=split,
        metric=metric,
        epoch=results.last_epoch,
        seeds=tuple(last["seed"].to_list()),
        values=tuple(values.tolist()),
        mean=mean,
        sd=sd,
        low=None if mean is None or half is None else mean - half,
        high=None if mean is None or half is None else mean + half,
        diverged=int((status == "diverged").sum()),
        failed=int(status.is_in(["failed", "missing"]).sum()),
    )


def _spread(values: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """Mean, standard deviation (n − 1) and half of the t interval, as far as there are values for them."""
    if len(values) == 0:
        return None, None, None
    mean = float(values.mean())
    if len(values) == 1:
        return mean, None, None
    sd = float(values.std(ddof=1))
    return mean, sd, float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(values) - 1)) * sd / len(values) ** 0.5


def _rank_key(estimate: Estimate, higher_is_better: bool) -> tuple[bool, float]:
    if estimate.mean is None:
        return True, 0.0
    return False, -estimate.mean if higher_is_better else estimate.mean


def _leaders(
    ranking: Sequence[str], primary: dict[str, Estimate], comparisons: Sequence[Comparison]
) -> tuple[str, ...]:
    """The losses that no other is shown to be better than, best mean first; those without a value are none."""
    beaten = {c.b for c in comparisons if c.verdict == "better"} | {c.a for c in comparisons if c.verdict == "worse"}
    return tuple(label for label in ranking if label not in beaten and primary[label].mean is not None)
