"""Figures of verdicts, classes, calibration and cost: their data."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from lossbench.analysis import analyse
from lossbench.figures import Figure, draw
from lossbench.figures.classes import classes
from lossbench.figures.colours import Colours
from lossbench.figures.cost import cost
from lossbench.figures.pairs import pairs
from lossbench.figures.reliability import reliability as draw_reliability
from lossbench.metrics import calibration_error, reliability
from lossbench.results import Results
from synthetic import DOCUMENT, study


@pytest.fixture(scope="module")
def results() -> Results:
    return study(seeds=5, epochs=3, status={("l1", 2): ("diverged", 1, "")})


@pytest.fixture(scope="module")
def figures(results: Results) -> dict[str, Figure]:
    return {figure.slug: figure for figure in draw(results, analyse(results))}


def test_the_matrix_says_of_every_pair_the_same_from_both_sides(figures: dict[str, Figure]) -> None:
    table = figures["comparisons"].table
    own = table.filter(metric="test.accuracy")
    assert own.height == 4 * 3
    turned = own.join(own, left_on=["a", "b"], right_on=["b", "a"], suffix="_turned")
    assert turned.height == own.height
    assert (turned["difference"] == -turned["difference_turned"]).all()
    assert (turned["low"] == -turned["high_turned"]).all()
    opposite = {"better": "worse", "worse": "better", "equivalent": "equivalent", "undecided": "undecided"}
    assert [opposite[verdict] for verdict in turned["verdict"]] == turned["verdict_turned"].to_list()
    assert "better" in set(own["verdict"])
    assert "is better than" in figures["comparisons"].alt


def test_the_matrix_can_show_every_metric_and_shows_the_studys_own(figures: dict[str, Figure]) -> None:
    figure = figures["comparisons"]
    (choice,) = figure.controls
    values = [value for value, _ in choice.options]  # type: ignore[union-attr] # a Choice
    assert values[0] == "test.accuracy"
    assert set(values) == set(figure.table["metric"])
    assert {row["metric"] for row in figure.chart["datasets"]["table"]} == {"test.accuracy"}


def test_of_many_losses_the_matrix_has_colours_alone() -> None:
    results = study(losses=[f"loss{k}" for k in range(14)], seeds=2, epochs=2)
    figure = pairs(1, analyse(results))
    assert figure.explorer is None
    assert figure.table.height == 14 * 13
    assert '"type": "text"' not in str(figure.chart).replace("'", '"')


def test_the_heat_map_has_each_losss_mean_recall_of_each_class(results: Results, figures: dict[str, Figure]) -> None:
    table = figures["classes"].table
    last = results.classes.filter((pl.col("epoch") == 3) & (pl.col("status") == "finished"))
    for metric in ("recall", "precision", "f1"):
        means = last.group_by("loss_function", "class_name").agg(pl.col(metric).mean().alias("expected"))
        joined = table.filter(metric=metric).join(means, on=["loss_function", "class_name"])
        assert joined.height == 4 * 10
        assert np.allclose(joined["value"], joined["expected"], rtol=1e-12)


def test_of_many_classes_those_that_are_found_least_are_shown() -> None:
    names = tuple(f"class {k:02d}" for k in range(30))
    results = study(losses=DOCUMENT[1:3], seeds=2, epochs=2, classes=names)
    figure = classes(1, results, analyse(results))
    last = results.classes.filter(pl.col("epoch") == 2).group_by("class_name").agg(pl.col("recall").mean())
    least = last.sort("recall")["class_name"].to_list()[:20]
    assert set(figure.table["class_name"]) == set(least)
    assert "Of 30 classes the 20 with the lowest recall are shown." in figure.caption


def test_bins_of_reliability_give_the_calibration_error() -> None:
    rng = np.random.default_rng(0)
    confidence, hit = rng.uniform(0.1, 1, 5000), rng.random(5000) < 0.6
    count, summed, hits = reliability(confidence, hit)
    assert count.sum() == 5000
    edges = np.linspace(0, 1, 16)
    for at in range(15):
        inside = (confidence >= edges[at]) & (confidence < edges[at + 1])
        assert count[at] == inside.sum()
        assert summed[at] == pytest.approx(confidence[inside].sum())
        assert hits[at] == hit[inside].sum()
    held = count > 0
    error = (count[held] / 5000 * np.abs(hits[held] - summed[held]) / count[held]).sum()
    assert error == pytest.approx(calibration_error(confidence, hit), abs=1e-12)


def test_reliability_pools_the_finished_seeds(results: Results, figures: dict[str, Figure]) -> None:
    table = figures["reliability"].table
    assert set(table["loss_function"]) == set(DOCUMENT)
    for loss in DOCUMENT:
        rows = table.filter(loss_function=loss)
        count, summed, hits = np.sum(list(results.calibration[loss].values()), axis=0)
        assert rows["share"].sum() == pytest.approx(1)
        held = count > 0
        assert np.allclose(rows["confidence"], summed[held] / count[held])
        assert np.allclose(rows["accuracy"], hits[held] / count[held])
    assert list(results.calibration["l1"]) == [1, 3, 4, 5]


def test_a_loss_whose_probabilities_are_not_known_is_named(results: Results) -> None:
    without = replace(results, calibration={loss: of for loss, of in results.calibration.items() if loss != "l1"})
    analysis = analyse(without)
    figure = draw_reliability(1, without, analysis, Colours.of(without.labels, analysis))
    assert "The probabilities of \u2068l1\u2069 are not known." in figure.caption
    assert "l1" not in set(figure.table["loss_function"])


def test_cost_counts_the_pictures_that_were_trained_on(results: Results, figures: dict[str, Figure]) -> None:
    seconds = pl.Series([10.0, None, 30.0, 30.0, 10.0, *[12.0] * 15])
    timed = replace(results, trials=results.trials.with_columns(seconds=seconds))
    figure = cost(1, timed, Colours.of(timed.labels, analyse(timed)))
    row = figure.table.row(0, named=True)
    assert row == {
        "loss_function": "l1", "trials": 4, "seconds": 20.0, "least": 10.0, "greatest": 30.0,
        "pictures_per_second": 50_000 * 3 / 20.0,
    }  # fmt: skip
    assert figures["cost"].table["loss_function"].to_list() == list(DOCUMENT)
