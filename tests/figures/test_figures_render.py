"""Charts as bytes."""

import struct
from dataclasses import replace

import pytest

from lossbench.figures import Figure, draw, render_png, render_svg
from synthetic import analyse, study

LABEL = "<b>0.123456 & \"'"


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    results = study(losses=("l1", LABEL), seeds=2, epochs=3, classes=("a", "b\u2029'"))
    return {figure.slug: figure for figure in draw(results, analyse(results))}


def test_bytes_do_not_depend_on_what_was_drawn_before(figures: dict[str, Figure]) -> None:
    first = render_svg(figures["training-l1"])
    render_svg(figures["accuracy-per-epoch"])
    assert render_svg(figures["training-l1"]) == first
    assert render_png(first) == render_png(figures["training-l1"])


def test_ids_count_from_zero_and_a_label_that_looks_like_one_is_left_alone(figures: dict[str, Figure]) -> None:
    rows = [{"x": 1, "y": 1, "text": "url(#clip0) 1.23456"}, {"x": 2, "y": 3, "text": ""}]
    encoding = {name: {"field": name, "type": "quantitative"} for name in ("x", "y")}
    line = {"mark": {"type": "line", "clip": True}, "encoding": encoding}
    words = {"mark": "text", "encoding": {**encoding, "text": {"field": "text"}}}
    svg = render_svg(replace(figures["confusion"], chart={"data": {"values": rows}, "layer": [line, words]}))
    assert 'id="part0"' in svg
    assert 'clip-path="url(#part0)"' in svg
    assert ">url(#clip0) 1.23456</text>" in svg


def test_a_label_is_text_as_it_was_written(figures: dict[str, Figure]) -> None:
    svg = render_svg(figures["accuracy-per-epoch"])
    assert "&lt;b&gt;0.123456 &amp;" in svg
    assert "<b>" not in svg


def test_a_class_name_cannot_leave_its_axis_label(figures: dict[str, Figure]) -> None:
    assert ">a</text>" in render_svg(figures["confusion"])


def test_a_png_has_twice_the_pixels(figures: dict[str, Figure]) -> None:
    svg = render_svg(figures["ranking-accuracy"])
    png = render_png(svg, scale=2)
    width, height = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG")
    assert f'width="{width // 2}" height="{height // 2}"' in svg
