"""Where losses change places along a series of conditions, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.analysis.across import Across, Crossing, Series
from lossbench.figures.levels import axis_title, level_text, within_series
from lossbench.text import counted, isolate

__all__ = ["crossing_sentences", "overtakes", "series_title"]

_MOST = 12  # crossings of a series that are told; crossings.csv has them all


def series_title(across: Across, series: Series) -> str:
    """`Rate of symmetric label noise`, with what tells the series from others."""
    title, told = axis_title(series), within_series(across, series)
    return f"{title[:1].upper()}{title[1:]}" + (f": {told}" if told else "")


def crossing_sentences(series: Series, crossings: Sequence[Crossing]) -> tuple[str, ...]:
    """Where losses change places: first where that is shown, then where the means alone say so."""
    if not crossings:
        first, last = (level_text(series, series.levels[place].value) for place in (0, -1))
        return (f"From {first} to {last} no mean of a loss changes places with another's.",)
    shown = [item for item in crossings if item.shown]
    told = tuple(f"{overtakes(series, item)}: verdicts on both sides show it." for item in shown[:_MOST])
    seen = [item for item in crossings if not item.shown]
    if seen:
        places = "; ".join(overtakes(series, item) for item in seen[:_MOST])
        told += (f"In the means alone, for verdicts do not show it on both sides: {places}.",)
    left = max(len(shown) - _MOST, 0) + max(len(seen) - _MOST, 0)
    return (*told, *([f"{counted(left, 'more crossing')} stand in crossings.csv."] if left else []))


def overtakes(series: Series, item: Crossing) -> str:
    """`b overtakes a at 0.08 (95 % interval 0.05 to 0.11), between 0 and 0.2`, read from smaller to larger levels."""
    below, above = (level_text(series, value) for value in (item.below, item.above))
    at, reach = _rounded(series, item.at), _reach(series, item)
    return f"{isolate(item.b)} overtakes {isolate(item.a)} at {at}{reach}, between {below} and {above}"


def _reach(series: Series, item: Crossing) -> str:
    """The interval in brackets, as far as it ends between the two levels."""
    if item.low is None or item.high is None:
        return ""
    low, high = _rounded(series, item.low), _rounded(series, item.high)
    if item.low == item.below and item.high == item.above:
        return " (where between the two is open)"
    if item.low == item.below:
        return f" (95 % interval up to {high})"
    return f" (95 % interval from {low})" if item.high == item.above else f" (95 % interval {low} to {high})"


def _rounded(series: Series, value: float) -> str:
    """Two digits are all that is known of a place between two levels."""
    return level_text(series, float(f"{value:.2g}"))
