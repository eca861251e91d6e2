"""Losses of several names in one definition figure; a study's own, of one name each, are in test_figures_data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lossbench.figures import Figure, definition
from lossbench.results import LossView
from synthetic import study


@pytest.fixture(scope="module")
def views() -> dict[str, LossView]:
    return {view.label: view for view in study(seeds=1, epochs=1).losses}


def times(view: LossView, factor: float, name: str) -> LossView:
    """The loss times a factor, as a loss of its own."""
    value, gradient = (tuple(np.multiply(column, factor)) for column in (view.value, view.gradient))
    return replace(view, name=name, label=name, value=value, gradient=gradient)


def drawn(views: Sequence[LossView], **more: Any) -> Figure:
    return definition(1, views, {view.label: place for place, view in enumerate(views)}, **more)


def test_losses_of_several_names_are_one_figure(views: dict[str, LossView]) -> None:
    figure = drawn([views["cross_entropy"], views["focal(gamma=2)"]], note="A last word.")
    assert figure.slug == "definition-cross-entropy-focal"
    assert figure.title == "Definition of \u2068cross_entropy\u2069 and \u2068focal\u2069: value and gradient"
    assert figure.table["loss_function"].unique(maintain_order=True).to_list() == ["cross_entropy", "focal(gamma=2)"]
    assert figure.caption.endswith(" A last word.")
    assert "cut" not in figure.caption
    assert "domain" not in figure.chart["concat"][0]["encoding"]["y"].get("scale", {})


def test_of_several_names_the_caption_has_where_each_pulls_hardest(views: dict[str, LossView]) -> None:
    ce = views["cross_entropy"]
    level = replace(ce, name="level", label="level", gradient=(-0.5,) * len(ce.gradient))
    broken = replace(ce, name="broken", label="broken", gradient=(np.nan, *ce.gradient[1:]))
    caption = drawn([ce, times(ce, 2, "twice"), level, broken]).caption.replace("\u2068", "").replace("\u2069", "")
    where = "where the true class has almost no probability"
    most = abs(min(ce.gradient))
    assert f"size: cross_entropy {most:.3f} and twice {2 * most:.3f} {where}; level 0.500 almost everywhere" in caption
    assert "; broken not finite everywhere." in caption


def test_one_that_is_far_larger_leaves_the_axes_of_the_others(views: dict[str, LossView]) -> None:
    ce, focal = views["cross_entropy"], views["focal(gamma=2)"]
    figure = drawn([ce, times(ce, 30, "huge"), focal])
    panels = figure.chart["concat"]
    for panel, column in zip(panels, ("value", "value", "gradient", "gradient"), strict=True):
        low, high = panel["encoding"]["y"]["scale"]["domain"]
        drawn_whole = np.array([*getattr(ce, column), *getattr(focal, column), 0.0])
        assert low < drawn_whole.min()
        assert high > drawn_whole.max()
        assert high - low == pytest.approx(1.1 * np.ptp(drawn_whole))
        assert panel["mark"]["clip"] is True
    assert "The vertical axes are cut for the sake of the others: \u2068huge\u2069 goes beyond." in figure.caption
    assert "huge" in set(figure.table["loss_function"])
    assert "cut" not in drawn([ce, times(ce, 10, "larger"), focal]).caption


def test_settings_of_one_name_are_never_cut(views: dict[str, LossView]) -> None:
    ce = views["cross_entropy"]
    huge = replace(times(ce, 300, "huge"), name="cross_entropy")
    figure = drawn([ce, huge, replace(ce, label="same")])
    assert "cut" not in figure.caption
    assert "clip" not in json.dumps(figure.chart)


def test_a_legend_of_several_names_has_their_labels_whole(views: dict[str, LossView]) -> None:
    ce = views["cross_entropy"]
    for length, columns in ((45, 2), (60, 1)):
        figure = drawn([times(ce, 2, "x" * length), ce])
        legend = figure.chart["concat"][0]["encoding"]["color"]["legend"]
        assert (legend["labelLimit"], legend["columns"]) == (0, columns)
    assert "labelLimit" not in drawn([times(ce, 2, "x" * 20), ce]).chart["concat"][0]["encoding"]["color"]["legend"]
