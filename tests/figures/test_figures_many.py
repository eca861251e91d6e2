"""Figures of more losses than can be told apart: the best and the worst in colour, the others in grey."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import altair as alt
import pytest

from lossbench.figures import Figure, draw
from lossbench.figures.colours import Colours
from lossbench.figures.confusion import confusion
from lossbench.figures.final import final_accuracy, ranking
from lossbench.figures.side_by_side import SIDE_BY_SIDE, side_by_side
from lossbench.figures.style import OTHERS, PALETTE, color, dash
from lossbench.results import Results
from synthetic import DOCUMENT, analyse, study

LOSSES = tuple(f"loss{k:02d}" for k in range(14))
ACCURACY = {loss: 0.9 - 0.03 * ((7 * k) % 20) for k, loss in enumerate(LOSSES)}
RANKED = sorted(LOSSES, key=lambda loss: -ACCURACY[loss])
SHOWN = (*RANKED[:4], RANKED[-2])  # the last never finished
LOST = {(RANKED[-1], seed): ("diverged", 1, "loss is not finite") for seed in (1, 2)}


@pytest.fixture(scope="module")
def results() -> Results:
    return study(losses=LOSSES, seeds=2, epochs=4, accuracy=ACCURACY, status=LOST)


@pytest.fixture(scope="module")
def figures(results: Results) -> dict[str, Figure]:
    return {figure.slug: figure for figure in draw(results, analyse(results))}


def test_up_to_twelve_losses_are_all_shown_alike() -> None:
    few = study(losses=LOSSES[:12], seeds=1, epochs=2)
    colours = Colours.of(few.labels, analyse(few))
    assert colours.coloured == LOSSES[:12]
    assert colours.others == ()
    assert list(colours.places.items()) == [(loss, place) for place, loss in enumerate(LOSSES[:12])]


def test_of_many_losses_the_best_and_the_worst_that_finished_have_colours_of_their_own(results: Results) -> None:
    colours = Colours.of(results.labels, analyse(results))
    assert colours.coloured == SHOWN
    assert set(colours.others) == set(LOSSES) - set(SHOWN)
    assert colours.words == "the 4 best and the worst by test accuracy"
    assert tuple(colours.places) == LOSSES
    assert [color(colours.places[loss]) for loss in SHOWN] == list(PALETTE[:5])
    assert {color(colours.places[loss]) for loss in colours.others} == {OTHERS}
    dashes = [dash(colours.places[loss]) for loss in colours.others]
    assert all(one != other for one, other in pairwise(dashes))


@pytest.mark.parametrize("finished", [0, 1, 3])
def test_of_many_losses_with_few_finished_those_are_coloured(finished: int) -> None:
    lost = {(loss, 1): ("failed", 0, "x") for loss in LOSSES[finished:]}
    results = study(losses=LOSSES, seeds=1, epochs=2, status=lost)
    colours = Colours.of(results.labels, analyse(results))
    assert set(colours.coloured) == set(LOSSES[:finished])
    assert len(colours.others) == 14 - finished
    assert set(confusion(1, results, colours).table["loss_function"]) == set(LOSSES[:finished])
    drawn = side_by_side(1, results, SIDE_BY_SIDE[0], colours)
    assert ("with a finished trial" in drawn.caption) == bool(finished)


def test_side_by_side_draws_the_others_in_grey_and_names_the_coloured(figures: dict[str, Figure]) -> None:
    figure = figures["accuracy-per-epoch"]
    assert "In colour the 4 best and the worst by test accuracy, the others in grey." in figure.caption
    assert set(figure.table["loss_function"]) == set(LOSSES) - {RANKED[-1]}
    assert [loss for loss in LOSSES if loss in figure.alt] == sorted(SHOWN)
    assert figure.alt.endswith("In grey 8 other losses.")
    (panel, _) = figure.chart["hconcat"]
    grey = [layer for layer in panel["layer"] if layer.get("mark", {}).get("color") == OTHERS]
    assert len(grey) == 1
    assert grey[0]["transform"] == [{"filter": "(datum.mark === null)"}]
    rows = figure.chart["datasets"]["test"]
    assert {row["loss_function"] for row in rows if row["mark"] is not None} == set(SHOWN)
    assert panel["layer"][-1]["encoding"]["shape"]["scale"]["domain"] == list(SHOWN)


def test_confusion_shows_the_coloured_best_first(figures: dict[str, Figure]) -> None:
    figure = figures["confusion"]
    assert tuple(dict.fromkeys(figure.table["loss_function"])) == SHOWN
    assert "Of 14 losses the 4 best and the worst by test accuracy are shown." in figure.caption


@pytest.mark.parametrize("slug", ["ranking-accuracy", "final-accuracy"])
@pytest.mark.parametrize("wide", [False, True])
def test_one_wide_interval_does_not_squeeze_the_others(results: Results, slug: str, wide: bool) -> None:
    analysis = analyse(results)
    spans = {RANKED[3]: (-1.0, 2.5)} if wide else {}
    estimates = [
        replace(e, low=spans.get(e.loss, (e.mean, e.mean))[0], high=spans.get(e.loss, (e.mean, e.mean))[1])
        for e in analysis.estimates
    ]
    changed, colours = replace(analysis, estimates=tuple(estimates)), Colours.of(results.labels, analysis)
    build = ranking if slug == "ranking-accuracy" else final_accuracy
    figure = build(1, results, changed, colours)
    assert figure.slug == slug
    drawn = [row for row in figure.chart["datasets"]["table"] if row["low"] is not None]
    assert min(row["low"] for row in drawn) >= 0
    assert max(row["high"] for row in drawn) <= 1
    assert ("Intervals that reach further than the axis are cut." in figure.caption) == wide
    assert (-1.0 in figure.table["low"]) == wide


def test_one_huge_value_makes_the_axis_logarithmic_and_says_so() -> None:
    results = study(losses=LOSSES, seeds=1, epochs=3)
    history = results.history.with_columns(nll=results.history["nll"].scatter([0, 1, 2], 1e15))
    huge = replace(results, history=history)
    for made, logarithmic in ((results, False), (huge, True)):
        figure = side_by_side(1, made, SIDE_BY_SIDE[-1], Colours.of(made.labels, analyse(made)))
        assert figure.slug == "nll-per-epoch"
        assert ('"type": "log"' in json.dumps(figure.chart)) == logarithmic
        assert ("The vertical axis is logarithmic." in figure.caption) == logarithmic


def test_every_chart_keeps_to_the_schema(figures: dict[str, Figure]) -> None:
    few = study(losses=(DOCUMENT[1], "my_package.my_module:a_long_name(alpha=0.5)"), seeds=2, epochs=2)
    slugs = {"ranking-accuracy", "final-accuracy", "nll-per-epoch", "confusion", "training-loss00", "definition-loss00"}
    charts: list[Any] = [figure.chart for slug, figure in figures.items() if slug in slugs]
    drawn = draw(few, analyse(few))
    charts += [figure.chart for figure in drawn] + [figure.explorer for figure in drawn if figure.explorer]
    assert len(charts) == 6 + 16 + 1
    for chart in charts:
        alt.Chart.from_dict({**chart, "datasets": {}})  # raises SchemaValidationError


def test_a_ranking_of_any_metric_has_the_line_of_chance_where_it_means_something() -> None:
    few = study(losses=DOCUMENT[:2], seeds=2, epochs=2)
    (ranked,) = [figure for figure in draw(few, analyse(few)) if figure.slug.startswith("ranking")]
    assert ranked.explorer is not None
    (still,), (moving,) = (guessing(spec) for spec in (ranked.chart, ranked.explorer))
    assert "transform" not in still, "it is of the accuracy"
    assert moving["transform"] == [{"filter": "indexof(metric, '.accuracy') > 0 || indexof(metric, '.recall') > 0"}]


def guessing(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers of a chart that draw what guessing gives."""
    return [layer for layer in spec["layer"] if '"chance"' in json.dumps(layer)]
