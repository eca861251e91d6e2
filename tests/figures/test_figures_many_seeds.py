"""Of more seeds than can be drawn, figures show where they lie and say so; of few they show each."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from lossbench.figures.colours import Colours
from lossbench.figures.final import final_accuracy, ranking
from lossbench.figures.render import render_svg
from lossbench.figures.training import training
from lossbench.figures.types import Figure
from lossbench.results import Results
from lossbench.text import MANY_SEEDS
from synthetic import analyse, study

LOSSES = ("l1", "cross_entropy")


def drawn(results: Results) -> dict[str, Figure]:
    analysis = analyse(results)
    colours = Colours.of(results.labels, analysis)
    return {
        "training": training(1, results, "cross_entropy", colours.places, "cross-entropy"),
        "final": final_accuracy(2, results, analysis, colours),
        "ranking": ranking(3, results, analysis, colours),
    }


@pytest.fixture(scope="module")
def many() -> Results:
    return study(losses=LOSSES, seeds=MANY_SEEDS + 10, epochs=4)


@pytest.mark.parametrize("seeds", [5, MANY_SEEDS])
def test_up_to_so_many_seeds_are_drawn_one_by_one(seeds: int) -> None:
    for figure in drawn(study(losses=LOSSES, seeds=seeds, epochs=2)).values():
        assert set(figure.table["kind"]) == {"mean", "seed"}
        assert "single seeds" in figure.caption


def test_of_more_the_figures_show_where_they_lie(many: Results) -> None:
    for figure in drawn(many).values():
        assert set(figure.table["kind"]) == {"mean", "spread"}
        assert "pale from the 5th to the 95th percentile of the seeds" in figure.caption
        assert "single seeds" not in figure.caption


def test_a_spread_has_the_median_and_the_quantiles_of_the_seeds(many: Results) -> None:
    values = many.history.filter(loss_function="cross_entropy", split="test", epoch=4)["accuracy"].to_numpy()
    expected = np.quantile(values, [0.5, 0.05, 0.95])
    for name, found in drawn(many).items():
        rows = found.table.filter(loss_function="cross_entropy", split="test", kind="spread")
        if name == "training":
            rows = rows.filter(metric="accuracy", epoch=4)
        assert rows.select("value", "low", "high").row(0) == pytest.approx(tuple(expected))


def test_means_and_bands_are_those_of_all_seeds(many: Results) -> None:
    values = many.history.filter(loss_function="cross_entropy", split="test", epoch=4)["accuracy"].to_numpy()
    row = drawn(many)["training"].table.filter(split="test", kind="mean", metric="accuracy", epoch=4)
    assert row["value"][0] == pytest.approx(values.mean())
    assert row["high"][0] == pytest.approx(values.mean() + values.std(ddof=1))


def test_a_chart_does_not_grow_with_the_seeds(many: Results) -> None:
    more = drawn(study(losses=LOSSES, seeds=4 * MANY_SEEDS, epochs=4))
    for name, figure in drawn(many).items():
        assert len(json.dumps(more[name].chart)) < 1.1 * len(json.dumps(figure.chart))
        assert "<path" in render_svg(figure)


def test_many_trials_that_diverged_are_counted_and_few_are_named() -> None:
    seeds = 2 * MANY_SEEDS
    for lost, said in (
        (2, "Seed 1 diverged after 1 epoch"),
        (MANY_SEEDS + 1, "31 seeds diverged, which is not drawn."),
    ):
        status = {("cross_entropy", seed): ("diverged", 1, "loss is not finite") for seed in range(1, lost + 1)}
        figure = drawn(study(losses=LOSSES, seeds=seeds, epochs=3, status=status))["training"]
        assert said in figure.caption
        assert figure.table.filter(pl.col("kind") == "ended")["seed"].n_unique() == (lost if lost == 2 else 0)


def test_of_many_that_diverged_the_few_that_are_drawn_are_counted() -> None:
    status = {
        ("cross_entropy", seed): ("diverged", int(seed < 4), "loss is not finite") for seed in range(1, MANY_SEEDS + 2)
    }
    figure = drawn(study(losses=LOSSES, seeds=2 * MANY_SEEDS, epochs=3, status=status))["training"]
    assert figure.table.filter(pl.col("kind") == "ended")["seed"].n_unique() == 3
    assert "31 seeds diverged, of which 3 are drawn dotted up to there." in figure.caption


def test_no_spread_is_cut_where_losses_are_many() -> None:
    losses = tuple(f"loss{k:02d}" for k in range(14))
    results = study(losses=losses, seeds=MANY_SEEDS + 1, epochs=2)
    figure = drawn_ranking(results)
    shown = [row for row in figure.chart["datasets"]["table"] if row["kind"] == "spread"]
    expected = figure.table.filter(kind="spread").select("low", "high").rows()
    assert sorted((row["low"], row["high"]) for row in shown) == sorted(expected)


def drawn_ranking(results: Results) -> Figure:
    analysis = analyse(results)
    return ranking(1, results, analysis, Colours.of(results.labels, analysis))
