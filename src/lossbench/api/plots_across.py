"""The figures above those of a study's conditions, for a notebook or a script: `results.plot.levels()`."""

from __future__ import annotations

from functools import cached_property

from lossbench.analysis.across import Across
from lossbench.api.plots import Plot
from lossbench.errors import RequestError
from lossbench.figures import AcrossFigures, draw_across
from lossbench.text import counted

__all__ = ["AcrossPlots"]


class AcrossPlots:
    """All figures of the overview; they are drawn when the first is asked for.

    Args:
        across: what was concluded from the study's conditions.
    """

    def __init__(self, across: Across) -> None:
        self._across = across

    def conditions(self) -> Plot:
        """Every loss in every condition."""
        return Plot(self._drawn.conditions)

    def levels(self, number: int = 1) -> Plot:
        """The study's metric along a series of conditions: against the noise rate, the imbalance factor or the size.

        Args:
            number: which series, from 1, in the overview's order.

        Raises:
            RequestError: there is no such series.
        """
        series = self._drawn.series
        if not series:
            allowed = "two conditions that differ in the noise rate, the imbalance factor or the training size alone"
            raise RequestError("plot", allowed, "none")
        if not 1 <= number <= len(series):
            raise RequestError(
                "number", f"1 to {len(series)}, for there are {counted(len(series), 'series', 'series')}", number
            )
        return Plot(series[number - 1][0])

    @cached_property
    def all(self) -> tuple[Plot, ...]:
        """Every figure, in the overview's numbers."""
        return tuple(Plot(figure) for figure in self._drawn.all)

    @cached_property
    def _drawn(self) -> AcrossFigures:
        return draw_across(self._across)
