"""What is concluded across conditions, as tables beside the overview and as tables in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from lossbench.analysis.across import Across, Carried, Lined, Tuned
from lossbench.analysis.within import Within
from lossbench.report import cells
from lossbench.report.document import Table
from lossbench.report.lookup import metric_title
from lossbench.report.sentences_across import best_set_words, told
from lossbench.report.sentences_carried import tau
from lossbench.report.sentences_comparison import verdict_words
from lossbench.report.sentences_scenario import scenario_of
from lossbench.spec import Condition
from lossbench.text import capital, isolate

__all__ = ["across_frames", "carried_table", "condition_table", "data_table", "hypotheses_across", "tuned_tables"]

_SERIES = {"axis": pl.String, "form": pl.String, "model": pl.String, "recipe": pl.String, "others": pl.String}
_LEVELS = {
    **_SERIES,
    "loss_function": pl.String,
    "level": pl.Float64,
    "metric": pl.String,
    "seeds": pl.Int64,
    "mean": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
_CROSSINGS = {
    **_SERIES,
    "a": pl.String,
    "b": pl.String,
    **dict.fromkeys(("below", "above", "at", "low", "high"), pl.Float64),
    "shown": pl.Boolean,
}
_CARRIED = {
    "by": pl.String,
    **{f"{name}_{side}": pl.String for side in ("here", "there") for name in ("model", "scenario", "recipe")},
    "losses": pl.Int64,
    "tau": pl.Float64,
    **dict.fromkeys(("pairs", "holds", "turns", "opens"), pl.Int64),
}
_GAINS = {
    "model": pl.String,
    "scenario": pl.String,
    "loss_function": pl.String,
    "tuned": pl.String,
    "seeds": pl.Int64,
    **dict.fromkeys(("gain", "low", "high"), pl.Float64),
}


def across_frames(across: Across) -> dict[str, pl.DataFrame]:
    """By name: `levels`, `crossings`, `carried` and, where losses were tuned, `gains`; the empty ones left out."""
    tables = {
        "levels": pl.DataFrame(list(_levels(across)), schema=_LEVELS, orient="row"),
        "crossings": pl.DataFrame(list(_crossings(across)), schema=_CROSSINGS, orient="row"),
        "carried": pl.DataFrame([_carried(item) for item in across.carried], schema=_CARRIED, orient="row"),
        "gains": pl.DataFrame(list(_gains(across)), schema=_GAINS, orient="row"),
    }
    return {name: table for name, table in tables.items() if not table.is_empty()}


def condition_table(across: Across, folders: Mapping[Condition, str]) -> Table:
    """A row per condition: its best set, its leader, how many trials finished; the first cell leads to its report."""
    heads = (
        "Condition",
        "Best set",
        "Leader",
        capital(metric_title(across.metric)),
        "95 % interval",
        "Trials finished",
    )
    rows = tuple(_condition_row(across, item) for item in across.lined)
    links = tuple(folders.get(item.condition, "") for item in across.lined)
    caption = "The answer in each condition; its name leads to its own report"
    return Table("conditions", caption, heads, rows, frozenset({3, 4, 5}), folders=links if all(links) else ())


def _condition_row(across: Across, item: Lined) -> tuple[str, ...]:
    trials = item.within.results.trials
    finished = f"{trials.filter(pl.col('status') == 'finished').height} of {trials.height}"
    found = item.estimate(item.leader) if item.leader else None
    if found is None or item.leader is None:
        return told(across, item.condition), "–", "–", "–", "–", finished
    reach = cells.reach((found.low, found.high))
    return (
        told(across, item.condition),
        best_set_words(item),
        isolate(item.leader),
        cells.mean(found.mean),
        reach,
        finished,
    )


def carried_table(across: Across, items: Sequence[Carried], name: str, caption: str) -> Table:
    """Conditions held against each other: how alike the rankings are, what becomes of verdicts."""
    heads = ("Here", "There", "Kendall’s tau", "Losses", "Same winner", "Turn round", "Winner in one only", "Pairs")
    rows = tuple(
        (
            told(across, item.here),
            told(across, item.there),
            tau(item),
            str(item.losses),
            *(str(sum(getattr(pair, kind) for pair in item.pairs)) for kind in ("holds", "turns", "opens")),
            str(len(item.pairs)),
        )
        for item in items
    )
    return Table(name, caption, heads, rows, frozenset(range(2, len(heads))))


def tuned_tables(across: Across, item: Tuned, number: int) -> Iterator[Table]:
    """What tuning brought each loss, and the pairs whose verdict it changes, of one model and scenario."""
    margin = item.fixed.within.analysis.margin
    metric = metric_title(across.metric)
    heads = ("Loss", "As tuned", "Fixed", "Tuned", "Gain", "95 % interval", "Seeds")
    rows = tuple(
        (
            isolate(gain.loss),
            isolate(gain.chosen),
            cells.mean_and_half(item.fixed.estimate(gain.loss)),
            cells.mean_and_half(item.tuned.estimate(gain.loss)),
            cells.difference(gain.mean),
            cells.reach((gain.low, gain.high)),
            str(gain.seeds),
        )
        for gain in item.gains
    )
    caption = f"{capital(metric)} in the fixed recipe and as tuned; the gain is paired over seeds"
    yield Table(f"tuned-{number}", caption, heads, rows, frozenset(range(2, 7)))
    changed = tuple(
        (isolate(pair.a), isolate(pair.b), verdict_words(pair.here, margin), verdict_words(pair.there, margin))
        for pair in item.carried.pairs
        if pair.changes
    )
    if changed:
        heads_ = ("First", "Second", "Verdict, fixed", "Verdict, tuned")
        yield Table(f"verdicts-tuned-{number}", "Verdicts that tuning changes, said of the first", heads_, changed)


def hypotheses_across(across: Across) -> Table | None:
    """What became of each hypothesis in each condition that tests it; None without any."""
    rows = tuple(
        (told(across, item.condition), isolate(found.hypothesis), found.outcome, found.evidence)
        for item in across.lined
        for found in item.within.analysis.findings
    )
    heads = ("Condition", "Hypothesis", "Outcome", "Evidence")
    return Table("hypotheses", "What became of each hypothesis", heads, rows) if rows else None


def data_table(within: Sequence[Within]) -> Table:
    """What each scenario trains on, as of the first seed."""
    found = {item.condition.scenario: item.results for item in within if scenario_of(item.results) is not None}
    rows = []
    for scenario, results in found.items():
        data = results.data
        sizes = [size for size in data.class_counts if size]
        reach = f"{max(sizes):,} to {min(sizes):,}" if sizes else "–"
        rows.append((isolate(scenario), f"{data.train:,}", f"{data.mislabelled:,}", reach, f"{data.validation:,}"))
    heads = ("Scenario", "Training pictures", "With a wrong label", "Largest to smallest class", "Held out")
    caption = "What each scenario trains on, at the first seed"
    return Table("scenarios", caption, heads, tuple(rows), frozenset({1, 2, 3, 4}))


def _levels(across: Across) -> Iterator[tuple[object, ...]]:
    for series in across.series:
        about = (series.axis, series.form, series.model, series.recipe, series.others)
        for loss in across.losses:
            for level, item in series.points(loss):
                yield *about, loss, level, across.metric, len(item.seeds), item.mean, item.low, item.high


def _crossings(across: Across) -> Iterator[tuple[object, ...]]:
    for series, items in zip(across.series, across.crossings, strict=True):
        about = (series.axis, series.form, series.model, series.recipe, series.others)
        for item in items:
            yield *about, item.a, item.b, item.below, item.above, item.at, item.low, item.high, item.shown


def _carried(item: Carried) -> tuple[object, ...]:
    sides = (getattr(side, name) for side in (item.here, item.there) for name in ("model", "scenario", "recipe"))
    counts = (sum(getattr(pair, kind) for pair in item.pairs) for kind in ("holds", "turns", "opens"))
    return item.by, *sides, item.losses, item.tau, len(item.pairs), *counts


def _gains(across: Across) -> Iterator[tuple[object, ...]]:
    for item in across.tuned:
        where = (item.fixed.condition.model, item.fixed.condition.scenario)
        for gain in item.gains:
            yield *where, gain.loss, gain.chosen, gain.seeds, gain.mean, gain.low, gain.high
