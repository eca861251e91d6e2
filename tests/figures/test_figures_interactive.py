"""Charts for the page: linked by parameters, and nothing of what they show is lost."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import vl_convert

from lossbench.analysis import analyse
from lossbench.figures import Figure, draw
from lossbench.figures.charts import wide_enough
from lossbench.figures.interactive import interactive
from lossbench.figures.slider import GAMMA, movable
from lossbench.figures.style import VEGA_LITE
from lossbench.report.embedded import embedded, library, packed
from synthetic import DOCUMENT, HOSTILE, study


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    results = study(seeds=2, epochs=6)
    return {figure.slug: figure for figure in draw(results, analyse(results))}


def parts(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        yield spec
        for value in spec.values():
            yield from parts(value)
    if isinstance(spec, list):
        for value in spec:
            yield from parts(value)


def test_every_chart_compiles_and_has_the_pages_parameters(figures: dict[str, Figure]) -> None:
    for slug in (
        "training-l1",
        "definition-focal",
        "accuracy-per-epoch",
        "ranking-accuracy",
        "comparisons",
        "confusion",
    ):
        spec = interactive(figures[slug], 6)
        vega = vl_convert.vegalite_to_vega(json.dumps(spec), vl_version=VEGA_LITE)
        signals = {signal["name"]: signal.get("value") for signal in vega["signals"]}
        assert signals | {"hidden": [], "focus": None, "first": 1, "last": 6} == signals


def test_losses_are_hidden_where_there_are_several_and_epochs_where_there_are_any(figures: dict[str, Figure]) -> None:
    def filters(slug: str) -> str:
        return " ".join(str(part["filter"]) for part in parts(interactive(figures[slug], 6)) if "filter" in part)

    for slug in ("accuracy-per-epoch", "ranking-accuracy", "final-accuracy", "definition-focal", "cost"):
        assert "indexof(hidden, datum.loss_function)" in filters(slug)
    for slug in ("training-l1", "definition-l1", "confusion"):
        assert "hidden" not in filters(slug)
    for slug in ("training-l1", "accuracy-per-epoch"):
        assert "datum.epoch >= first" in filters(slug)
    assert "first" not in filters("ranking-accuracy")


def test_a_chart_is_left_as_it_was(figures: dict[str, Figure]) -> None:
    before = json.dumps(figures["accuracy-per-epoch"].chart)
    interactive(figures["accuracy-per-epoch"], 6)
    assert json.dumps(figures["accuracy-per-epoch"].chart) == before


def test_what_is_told_under_the_pointer_is_in_the_table(figures: dict[str, Figure]) -> None:
    for figure in figures.values():
        spec = interactive(figure, 6)
        columns = {name for rows in spec["datasets"].values() for name in (rows or [{}])[0]}
        told = [entry["field"] for part in parts(spec) for entry in part.get("tooltip", []) if isinstance(entry, dict)]
        assert told
        assert set(told) <= columns


def test_gamma_moves_only_what_the_formula_draws() -> None:
    views = study().losses
    moving = movable([view for view in views if view.name == "focal"])
    assert moving is not None
    assert moving.label == "focal(gamma=2)"
    own = replace(moving, value=tuple(np.asarray(moving.value) * 1.01))
    assert movable([own]) is None
    assert movable([view for view in views if view.name != "focal"]) is None
    assert (GAMMA.low, GAMMA.high) == (0.0, 5.0)


def test_tables_are_packed_without_loss_but_for_digits() -> None:
    rows = [
        {"name": "a", "constant": 1.5, "value": 0.123456789, "none": None, "epoch": 1},
        {"name": "b", "constant": 1.5, "value": None, "none": None, "epoch": 2},
        {"name": "a", "constant": 1.5, "value": float("inf"), "none": None, "epoch": 3},
    ]
    assert packed(rows) == {
        "rows": 3,
        "columns": {
            "name": {"is": ["a", "b"], "at": [0, 1, 0]},
            "constant": {"all": 1.5},
            "value": [0.123457, None, None],
            "none": {"all": None},
            "epoch": [1, 2, 3],
        },
    }
    assert packed([]) == {"rows": 0, "columns": {}}


def test_an_embedded_chart_cannot_end_its_element_and_keeps_hostile_names() -> None:
    results = study(losses=(*HOSTILE, "</script><!--"), seeds=1, epochs=2)
    for figure in draw(results, analyse(results)):
        text = embedded(figure, 2)
        assert not set("<>&\u2028\u2029") & set(text)
        assert json.loads(text)["spec"]
    assert "</script><!--" in json.loads(text)["tables"]["table"]["columns"]["loss_function"]["is"]


def test_colours_of_the_page_are_its_variables(figures: dict[str, Figure]) -> None:
    text = embedded(figures["accuracy-per-epoch"], 6)
    assert "var(--loss0)" in text
    assert "#0072b2" not in text


def test_the_library_is_the_same_every_time() -> None:
    first = library()
    library.cache_clear()
    assert library() == first
    assert len(first) < 500_000


def test_documents_figures_offer_their_choices(figures: dict[str, Figure]) -> None:
    assert {slug for slug, figure in figures.items() if figure.controls} == {
        "definition-focal", "ranking-accuracy", "comparisons", "classes"
    }  # fmt: skip
    assert len(DOCUMENT) == 4


@pytest.mark.parametrize("value", [0.0, 0.1083333333333, 1e9])
def test_a_curve_that_does_not_move_is_drawn_on_a_scale_that_spans_something(value: float) -> None:
    low, high = wide_enough([value, value * (1 + 1e-9)], least=0.0).to_dict()["domain"]
    assert high - low >= 0.0009 * abs(value)
    assert low <= value <= high
    assert high > low


def test_bands_and_intervals_are_told_as_what_they_are(figures: dict[str, Figure]) -> None:
    def words(slug: str) -> set[str]:
        found = [
            entry
            for part in parts(interactive(figures[slug], 6))
            for entry in part.get("tooltip", [])
            if "field" in entry
        ]
        return {entry["title"] for entry in found if entry["field"] in ("low", "high")}

    assert words("training-l1") == words("accuracy-per-epoch") == {"minus one sd", "plus one sd"}
    assert words("ranking-accuracy") == words("comparisons") == words("final-accuracy") == {"95 % from", "95 % to"}
