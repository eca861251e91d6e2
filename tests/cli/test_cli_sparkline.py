"""Curves in one line."""

import io
import math

from rich.console import Console

from lossbench.cli.sparkline import can_show, sparkline


def test_low_and_high_are_the_ends_of_the_blocks() -> None:
    assert sparkline([0.0, 0.25, 0.5, 0.75, 1.0], 0, 1, 10) == "▁▃▅▇█"
    assert sparkline([-5, 7], 0, 1, 10) == "▁█"


def test_without_a_scale_a_curve_has_its_own() -> None:
    assert sparkline([3, None, 5, 7]) == "▁ ▅█"
    assert sparkline([3, 5, 7], high=11) == "▁▃▅"
    assert sparkline([2, 2, 2]) == "▅▅▅"
    assert sparkline([None, math.nan]) == "  "


def test_a_gap_is_a_space_and_a_level_curve_is_level() -> None:
    assert sparkline([0.0, None, math.nan, 1.0], 0, 1, 10) == "▁  █"
    assert sparkline([0.3, 0.3, 0.3], 0.3, 0.3, 10) == "▅▅▅"
    assert sparkline([], 0, 1, 10) == ""


def test_more_values_than_room_are_averaged() -> None:
    assert sparkline([0, 0, 1, 1], 0, 1, 2) == "▁█"
    assert sparkline([0, 1, 0, 1], 0, 1, 2) == "▅▅"
    assert len(sparkline(range(31), 0, 30, 8)) == 8


def test_where_the_encoding_has_no_blocks_that_is_known() -> None:
    assert can_show(Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8")))
    assert not can_show(Console(file=io.TextIOWrapper(io.BytesIO(), encoding="latin-1")))
