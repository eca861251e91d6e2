"""The tables that are written beside the page, for whoever wants to compute on."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import polars as pl

from lossbench.analysis.types import Analysis
from lossbench.analysis.within import Within
from lossbench.report.gradient_scale import gradient_scales
from lossbench.report.trials_lost import lost_frames
from lossbench.results import HISTORY_COLUMNS, SCENARIO_COLUMNS, Results

__all__ = [
    "COMPARISONS",
    "CONDITION",
    "GRADIENT_SCALE",
    "PUBLISHED",
    "STANDINGS",
    "SUMMARY",
    "VERDICTS",
    "comparisons_table",
    "frames",
    "frames_across",
    "gradient_scale_table",
    "history_table",
    "parquet",
    "published_table",
    "standings_table",
    "summary_table",
    "verdicts",
    "verdicts_table",
]

SUMMARY = {
    "loss_function": pl.String,
    "split": pl.String,
    "metric": pl.String,
    "class_name": pl.String,
    "epoch": pl.Int64,
    "seeds": pl.Int64,
    "mean": pl.Float64,
    "sd": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "diverged": pl.Int64,
    "failed": pl.Int64,
}
COMPARISONS = {
    "metric": pl.String,
    "a": pl.String,
    "b": pl.String,
    "seeds": pl.Int64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "low_new": pl.Float64,
    "high_new": pl.Float64,
    "p_adjusted": pl.Float64,
    "p_equivalence": pl.Float64,
    "probability_of_superiority": pl.Float64,
    "verdict": pl.String,
    "seeds_to_decide": pl.Int64,
    "reason": pl.String,
    "p_difference": pl.Float64,
    "superiority_low": pl.Float64,
    "superiority_high": pl.Float64,
    "seeds_to_decide_high": pl.Int64,
    "low_verdict": pl.Float64,
    "high_verdict": pl.Float64,
    "p_mcnemar": pl.Float64,
    "degenerate": pl.Boolean,
    "moderated": pl.Boolean,
}
VERDICTS = {"hypothesis": pl.String, "outcome": pl.String, "evidence": pl.String}
STANDINGS = {
    "loss_function": pl.String,
    "rank_low": pl.Int64,
    "rank_high": pl.Int64,
    "best": pl.Boolean,
    "p_best": pl.Float64,
    "finished": pl.Int64,
    "diverged": pl.Int64,
    "failed": pl.Int64,
    "diverged_low": pl.Float64,
    "diverged_high": pl.Float64,
    "collapsed": pl.Int64,
}
GRADIENT_SCALE = {
    "loss_function": pl.String,
    "seeds": pl.Int64,
    "ratio_mean": pl.Float64,
    "ratio_low": pl.Float64,
    "ratio_high": pl.Float64,
    "learning_rate_to_equalise": pl.Float64,
}

PUBLISHED = {
    "loss_function": pl.String,
    "metric": pl.String,
    "published_as": pl.String,
    "published_mean": pl.Float64,
    "published_sd": pl.Float64,
    "published_runs": pl.Int64,
    "mean": pl.Float64,
    "sd": pl.Float64,
    "seeds": pl.Int64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "basis": pl.String,
    "within": pl.Boolean,
    "differs": pl.String,
}

CONDITION = ("model", "scenario", "recipe")
"""What tells conditions apart: the columns that stand in front where a study has several."""


def history_table(results: Results) -> pl.DataFrame:
    """One row per loss, seed, epoch and split; what only some scenarios have is there where it has a value."""
    return results.history.select(*HISTORY_COLUMNS, *(name for name in SCENARIO_COLUMNS if results.measured(name)))


def summary_table(analysis: Analysis) -> pl.DataFrame:
    """One row per estimate: `class_name` is null for all classes, `epoch` where each seed has its own."""
    rows = [
        (
            e.loss,
            e.split,
            e.metric,
            e.class_name,
            e.epoch,
            len(e.seeds),
            e.mean,
            e.sd,
            e.low,
            e.high,
            e.diverged,
            e.failed,
        )
        for e in analysis.estimates
    ]
    return pl.DataFrame(rows, schema=SUMMARY, orient="row")


def comparisons_table(analysis: Analysis) -> pl.DataFrame:
    """One row per pair of losses: in the study's own metric, then in each of the others."""
    items = (*analysis.comparisons, *analysis.secondary)
    rows = [tuple(getattr(item, name) for name in COMPARISONS) for item in items]
    return pl.DataFrame(rows, schema=COMPARISONS, orient="row")


def standings_table(analysis: Analysis) -> pl.DataFrame:
    """One row per loss: its possible ranks, whether it is in the best set, how often it diverged or collapsed."""
    _, *others = STANDINGS
    rows = [(item.loss, *(getattr(item, name) for name in others)) for item in analysis.standings]
    return pl.DataFrame(rows, schema=STANDINGS, orient="row")


def verdicts(analysis: Analysis) -> str:
    """What became of the hypotheses, as JSON: one object each, in the plan's order."""
    found = [{"hypothesis": x.hypothesis, "outcome": x.outcome, "evidence": x.evidence} for x in analysis.findings]
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def verdicts_table(analysis: Analysis) -> pl.DataFrame:
    """The same as a table, one row per hypothesis."""
    rows = [(x.hypothesis, x.outcome, x.evidence) for x in analysis.findings]
    return pl.DataFrame(rows, schema=VERDICTS, orient="row")


def gradient_scale_table(results: Results) -> pl.DataFrame:
    """One row per loss: the length of its first gradient over cross entropy's, and what would make them equal.

    `ratio_mean` is the geometric mean over seeds, low and high are the least and the greatest seed's; infinite where a
    gradient is not finite, null without norms.
    """
    rows = [
        (loss, len(x.ratios), x.ratio, min(x.ratios, default=None), max(x.ratios, default=None), x.equalising_rate)
        for loss, x in gradient_scales(results).items()
    ]
    return pl.DataFrame(rows, schema=GRADIENT_SCALE, orient="row")


def published_table(analysis: Analysis) -> pl.DataFrame:
    """One row per number that both have.

    `difference` is ours − the published one, `low` and `high` its interval, `basis` whose spread that comes from;
    `differs` says what differs from the published setting, empty where nothing does.
    """
    beside = analysis.published
    if beside is None:
        return pl.DataFrame(schema=PUBLISHED)
    differs = "; ".join(map(str, beside.differs))
    rows = [
        (
            *(row.loss, row.reported.metric, row.reported.loss, row.reported.mean, row.reported.sd, row.reported.runs),
            *(row.mean, row.sd, row.seeds, row.difference, row.low, row.high, row.basis, row.within, differs),
        )
        for row in beside.rows
    ]
    return pl.DataFrame(rows, schema=PUBLISHED, orient="row")


def frames(results: Results, analysis: Analysis) -> dict[str, pl.DataFrame]:
    """Every table that stands beside the page, by name.

    Results trained elsewhere have no first gradients, few studies stand beside published numbers, and few have so many
    lost trials that the page does not list them.
    """
    (lost,) = lost_frames([results])
    return {**_frames(results, analysis), **lost}


def frames_across(within: Sequence[Within]) -> dict[str, pl.DataFrame]:
    """The same tables of several conditions in one; what differs between them is a column in front."""
    conditions = [item.condition for item in within]
    differing = [name for name in CONDITION if len({getattr(item, name) for item in conditions}) > 1]
    parts: dict[str, list[pl.DataFrame]] = {}
    for item, lost in zip(within, lost_frames([item.results for item in within]), strict=True):
        columns = [pl.lit(getattr(item.condition, name)).alias(name) for name in differing]
        for name, table in {**_frames(item.results, item.analysis), **lost}.items():
            parts.setdefault(name, []).append(table.select(*columns, pl.all()))
    return {name: pl.concat(tables, how="diagonal") for name, tables in parts.items()}


def _frames(results: Results, analysis: Analysis) -> dict[str, pl.DataFrame]:
    """Those tables that do not depend on how many trials are lost."""
    tables = {
        "history": history_table(results),
        "summary": summary_table(analysis),
        "comparisons": comparisons_table(analysis),
        "standings": standings_table(analysis),
        "verdicts": verdicts_table(analysis),
    }
    if not results.external:
        tables["gradient_scale"] = gradient_scale_table(results)
    if analysis.published is not None and analysis.published.rows:
        tables["published"] = published_table(analysis)
    return tables


def parquet(table: pl.DataFrame) -> bytes:
    """A table as Parquet, with its types."""
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()
