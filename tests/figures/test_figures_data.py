"""The tables that figures draw hold the study's numbers."""

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from lossbench.figures import Figure, draw
from lossbench.figures.confusion import CONFUSION
from lossbench.figures.curves import CURVE
from lossbench.figures.final import FINAL
from lossbench.results import Results
from synthetic import DOCUMENT, analyse, study

DIVERGED = {("cross_entropy", 3): ("diverged", 4, "loss is not finite")}


def drawn(results: Results) -> dict[str, Figure]:
    return {figure.slug: figure for figure in draw(results, analyse(results))}


@pytest.fixture(scope="module")
def results() -> Results:
    return study(seeds=3, epochs=6, status=DIVERGED)


@pytest.fixture(scope="module")
def figures(results: Results) -> dict[str, Figure]:
    return drawn(results)


def of(table: pl.DataFrame, **wanted: Any) -> pl.DataFrame:
    return table.filter(*(pl.col(name) == value for name, value in wanted.items()))


def test_tables_are_typed(figures: dict[str, Figure]) -> None:
    schemas = {"training": CURVE, "per-epoch": CURVE, "ranking": FINAL, "final": FINAL, "confusion": CONFUSION}
    for slug, figure in figures.items():
        for part, schema in schemas.items():
            if part in slug:
                assert dict(figure.table.schema) == schema


def test_a_training_curve_is_the_mean_of_finished_seeds(results: Results, figures: dict[str, Figure]) -> None:
    table = figures["training-cross-entropy"].table
    finished = of(results.history, loss_function="cross_entropy", split="test", epoch=5, status="finished")["loss"]
    assert len(finished) == 2
    (mean,) = of(table, kind="mean", metric="loss", split="test", epoch=5).iter_rows(named=True)
    assert mean["value"] == pytest.approx(finished.to_numpy().mean())
    assert mean["high"] - mean["value"] == pytest.approx(np.std(finished.to_numpy(), ddof=1))


def test_a_diverged_seed_is_drawn_up_to_its_end_and_in_no_mean(figures: dict[str, Figure]) -> None:
    figure = figures["training-cross-entropy"]
    ended = of(figure.table, kind="ended", metric="accuracy", split="test")
    assert list(ended["epoch"]) == [1, 2, 3, 4]
    assert set(ended["seed"]) == {3}
    assert "Seed 3 diverged after 4 epochs, drawn dotted up to there." in figure.caption
    assert "mean of 2 seeds" in figure.caption


def test_one_seed_has_no_band() -> None:
    figure = drawn(study(losses=("l1",), seeds=1, epochs=3))["training-l1"]
    assert figure.table["low"].null_count() == figure.table.height
    assert "One trial, seed 1." in figure.caption
    assert "band" not in figure.caption


def test_a_loss_without_a_finished_trial_keeps_its_figure_and_says_so() -> None:
    lost = {("l1", seed): ("missing", 0, "") for seed in (1, 2)}
    figures = drawn(study(losses=DOCUMENT[:2], seeds=2, epochs=3, status=lost))
    assert figures["training-l1"].table.is_empty()
    assert "No trial of \u2068l1\u2069 finished." in figures["training-l1"].caption
    assert "Seeds 1 and 2 failed or are missing." in figures["training-l1"].caption
    assert "No trial of \u2068l1\u2069 finished." in figures["f1-per-epoch"].caption
    assert "l1" not in set(figures["final-accuracy"].table["loss_function"])
    assert "got through an epoch" in json.dumps(figures["training-l1"].chart)


def test_a_study_without_any_finished_trial_has_its_figures() -> None:
    lost = {(loss, 1): ("failed", 0, "") for loss in DOCUMENT}
    figures = drawn(study(seeds=1, epochs=3, status=lost))
    assert len(figures) == 18
    assert all(figure.alt and figure.caption for figure in figures.values())


def test_running_metrics_are_named_wherever_they_are_shown() -> None:
    figures = drawn(study(losses=DOCUMENT[:2], seeds=1, epochs=3, running=True))
    for slug in ("training-l1", "final-accuracy", "accuracy-per-epoch"):
        figure = figures[slug]
        assert "train_running" in set(figure.table["split"])
        assert "rain (running)" in figure.caption + figure.title
        assert "rain (running)" in json.dumps(figure.chart)


def test_final_bars_hold_the_estimates_and_the_seeds(results: Results, figures: dict[str, Figure]) -> None:
    estimate = analyse(results).estimate("cross_entropy", "accuracy", "train")
    table = of(figures["final-accuracy"].table, loss_function="cross_entropy", split="train")
    assert table.row(0) == ("cross_entropy", "train", "mean", None, estimate.mean, estimate.low, estimate.high)
    assert tuple(of(table, kind="seed")["value"]) == estimate.values
    assert tuple(of(table, kind="seed")["seed"]) == (1, 2)


def test_side_by_side_holds_the_means_of_all_losses_test_first(figures: dict[str, Figure]) -> None:
    table = figures["f1-per-epoch"].table
    assert tuple(dict.fromkeys(table["loss_function"])) == DOCUMENT
    assert tuple(dict.fromkeys(table["split"])) == ("test", "train")
    assert table.height == 4 * 2 * 6


def test_a_confusion_matrix_is_the_mean_of_normalised_rows(results: Results, figures: dict[str, Figure]) -> None:
    table = figures["confusion"].table
    expected = np.mean([c / c.sum(axis=1, keepdims=True) for c in results.confusion["cross_entropy"].values()], axis=0)
    shares = of(table, loss_function="cross_entropy")["share"].to_numpy().reshape(10, 10)
    assert np.allclose(shares, expected)
    assert np.allclose(shares.sum(axis=1), 1)


def test_of_many_classes_those_with_the_most_errors_are_shown() -> None:
    figure = drawn(study(losses=("l1",), seeds=1, epochs=2, classes=[f"c{k}" for k in range(30)]))["confusion"]
    assert figure.table.height == 20 * 20
    assert "Of 30 classes the 20 with the most errors are shown." in figure.caption


def test_a_definition_draws_every_setting_of_its_family(results: Results, figures: dict[str, Figure]) -> None:
    figure = figures["definition-focal"]
    assert tuple(dict.fromkeys(figure.table["loss_function"])) == DOCUMENT[2:]
    rows = of(figure.table, loss_function="focal(gamma=2)")
    assert tuple(rows["gradient"]) == results.losses[2].gradient
    assert "\u2068focal(gamma=2)\u2069 pulls hardest" in figure.caption
    assert "0.173 at 0.5" in figure.alt
    assert "equally hard almost everywhere" in figures["definition-l1"].caption


def test_a_loss_has_one_colour_in_every_figure(figures: dict[str, Figure]) -> None:
    for slug in ("definition-cross-entropy", "accuracy-per-epoch", "final-accuracy", "ranking-accuracy"):
        (scale,) = {json.dumps(scale) for scale in _scales(figures[slug].chart)}
        places = json.loads(scale)
        assert places["range"][places["domain"].index("cross_entropy")] == "#d55e00"
    assert '"#d55e00"' in json.dumps(figures["training-cross-entropy"].chart)


def test_accuracy_figures_have_a_line_at_chance(figures: dict[str, Figure]) -> None:
    for slug in ("training-l1", "accuracy-per-epoch", "final-accuracy", "ranking-accuracy"):
        assert "chance, 1/10" in json.dumps(figures[slug].chart)
    assert "chance" not in json.dumps(figures["nll-per-epoch"].chart)


def test_noise_around_chance_is_not_drawn_as_large_as_a_trend(figures: dict[str, Figure]) -> None:
    spec = figures["training-l1"].chart["hconcat"][1]
    domains = [layer["encoding"]["y"]["scale"]["domain"] for layer in spec["layer"] if "scale" in str(layer)[:4000]
               and "scale" in layer.get("encoding", {}).get("y", {})]  # fmt: skip
    assert domains
    assert all(high - low >= 0.0999 for low, high in domains)


def _scales(node: object) -> list[object]:
    if isinstance(node, list):
        return [scale for item in node for scale in _scales(item)]
    if not isinstance(node, dict):
        return []
    own = [node["color"]["scale"]] if isinstance(node.get("color"), dict) and "scale" in node["color"] else []
    return own + [scale for item in node.values() for scale in _scales(item)]
