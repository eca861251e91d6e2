"""The figures above several conditions, by their data."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import polars as pl
import pytest

from across_makers import LOSSES, condition, noisy
from lossbench.analysis.across import Across, across
from lossbench.figures import draw_across, render_svg
from lossbench.figures.interactive import interactive
from lossbench.figures.levels import level_text
from lossbench.text import plain
from synthetic import HOSTILE


@pytest.fixture(scope="module")
def noise() -> Across:
    return across(noisy())


def along(scenarios: Sequence[str], losses: Sequence[str] = LOSSES) -> Across:
    ends = [[0.9 - 0.1 * level - 0.01 * place for place, _ in enumerate(losses)] for level, _ in enumerate(scenarios)]
    made = [condition("mlp", s, end, losses=losses, seeds=2) for s, end in zip(scenarios, ends, strict=True)]
    return across(made)


def test_figures_are_numbered_and_named_apart(noise: Across) -> None:
    drawn = draw_across(noise).all
    assert [figure.number for figure in drawn] == [1, 2, 3]
    assert [plain(figure.title) for figure in drawn] == [
        "Test accuracy of every loss in every condition",
        "Test accuracy against the rate of symmetric label noise, mlp",
        "Test accuracy against the rate of symmetric label noise, cnn",
    ]
    assert len({figure.slug for figure in drawn}) == 3


def test_every_chart_is_valid_and_drawn(noise: Across) -> None:
    for figure in (*draw_across(noise).all, *draw_across(along(("imbalance(step, 10)", "clean"))).all):
        alt.Chart.from_dict({**figure.chart})
        assert "<svg" in render_svg(figure)
        assert interactive(figure, 1)["params"]


def test_levels_hold_the_means_and_the_crossing_that_is_shown(noise: Across) -> None:
    (first, *_), *_ = draw_across(noise).series
    means = first.table.filter(pl.col("kind") == "mean")
    assert means.height == 9
    for loss, level, value, low in means.select("loss_function", "level", "value", "low").iter_rows():
        lined = next(x.lined for x in noise.series[0].levels if x.value == level)
        found = lined.within.analysis.estimate(loss)
        assert (found.mean, found.low) == (value, low)
    (ring,) = first.table.filter(pl.col("kind") == "crossing").to_dicts()
    crossing = noise.crossings[0][0]
    assert (ring["level"], ring["low"], ring["high"]) == (crossing.at, crossing.low, crossing.high)
    by_level = dict(means.filter(loss_function="cross_entropy").select("level", "value").iter_rows())
    slope = (by_level[0.2] - by_level[0.0]) / 0.2
    assert ring["value"] == pytest.approx(by_level[0.0] + slope * crossing.at)
    assert "A ring" in first.caption


def test_factors_and_sizes_have_a_logarithmic_axis() -> None:
    made = along(("imbalance(exponential, 10)", "imbalance(exponential, 100)", "clean", "train_size(0.1)"))
    imbalance, size = (figures[0] for figures in draw_across(made).series)
    for figure in (imbalance, size):
        assert '"type": "log"' in str(figure.chart).replace("'", '"')
        assert "The horizontal axis is logarithmic." in figure.caption
    assert sorted(set(imbalance.table["level"])) == [1, 10, 100]
    assert sorted(set(size.table["level"])) == [0.1, 1]
    assert "share of the training data" in size.title
    assert level_text(made.series[1], 0.1) == "10 %"
    assert level_text(made.series[0], 1234.5) == "1,234"


def test_the_heat_map_says_how_far_each_is_behind(noise: Across) -> None:
    table = draw_across(noise).conditions.table
    assert table.height == 18
    for name, rows in table.group_by("condition"):
        lined = next(x for x in noise.lined if x.condition.told(noise.conditions) == name[0])
        best = max(lined.means.values())
        assert [best - value for value in rows["value"]] == pytest.approx(rows["behind"].to_list())
        assert set(rows.filter(pl.col("best"))["loss_function"]) == set(lined.best)


def test_intervals_are_cut_where_a_share_ends() -> None:
    made = along(("clean", "noise(pair, 0.2)"))
    (figure,) = draw_across(made).series[0]
    reach = [value for name in ("value", "low", "high") for value in figure.table[name].drop_nulls()]
    domains = [
        layer["encoding"]["y"]["scale"]["domain"]
        for layer in figure.chart["layer"]
        if "scale" in layer.get("encoding", {}).get("y", {})
    ]
    assert all(0 <= low < high <= 1 for low, high in domains)
    assert ("are cut" in figure.caption) == (max(reach) > 1 or min(reach) < 0)


def test_of_many_losses_most_are_grey() -> None:
    losses = [f"loss{k}" for k in range(14)]
    made = along(("clean", "noise(pair, 0.2)"), losses)
    (figure,) = draw_across(made).series[0]
    assert "In colour the 4 best and the worst by their mean rank over the conditions" in figure.caption
    assert set(figure.table["loss_function"]) == set(losses)
    assert "!datum.coloured" in str(figure.chart)


def test_hostile_names_are_drawn() -> None:
    made = along(("clean", "noise(pair, 0.2)"), (*HOSTILE, "constructor"))
    for figure in draw_across(made).all:
        svg = render_svg(figure)
        assert "<script>alert" not in svg
        assert not any(math.isinf(value) for value in figure.table["value"])
