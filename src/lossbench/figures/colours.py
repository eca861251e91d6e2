"""Which losses the figures show in colour: all of a few; of many the best and the worst, the others in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossbench.analysis.types import Analysis
from lossbench.figures.curves import metric_name, split_title
from lossbench.figures.style import OTHERS, PALETTE

__all__ = ["Colours"]

_FEW = 12  # losses that each can have a line and a panel of their own
_BEST = 4  # with the worst five colours, which are more different than the palette's other blue and its grey
_GREY = PALETTE.index(OTHERS)


@dataclass(frozen=True)
class Colours:
    """Who is seen how, the same in every figure of a study and on its page.

    Args:
        places: every loss, in the study's order, with the place that its colour, dash and shape go by.
        coloured: the losses that figures of all losses set off against the others.
        others: the rest, whose places all have the colour grey; none in a study of a few losses.
        words: who is coloured, `the 4 best and the worst by test accuracy`.
    """

    places: Mapping[str, int]
    coloured: tuple[str, ...]
    others: tuple[str, ...]
    words: str

    @classmethod
    def of(cls, labels: Sequence[str], analysis: Analysis) -> Colours:
        """Of a few losses all, by their places in the study; of many the best and the worst, by rank."""
        split, _, metric = analysis.metric.partition(".")
        known = {
            e.loss
            for e in analysis.estimates
            if e.overall and (e.split, e.metric) == (split, metric) and e.mean is not None
        }
        ranked = [label for label in analysis.ranking if label in known]
        return cls.among(labels, ranked, f"by {split_title(split)} {metric_name(metric)}")

    @classmethod
    def among(cls, labels: Sequence[str], ranked: Sequence[str], by: str) -> Colours:
        """The same by a ranking of the losses with a finished trial, best first; `by` says what it goes by."""
        if len(labels) <= _FEW:
            return cls({label: place for place, label in enumerate(labels)}, tuple(labels), (), "all losses")
        coloured = (*ranked[:_BEST], *ranked[_BEST:][-1:])
        others = tuple(label for label in labels if label not in coloured)
        places = {label: place for place, label in enumerate(coloured)}
        # One after the other they have the same colour, and another dash and shape.
        places |= {label: _GREY + len(PALETTE) * place for place, label in enumerate(others)}
        words = f"the {_BEST} best and the worst {by}"
        if len(ranked) <= _BEST:
            words = "those with a finished trial"
        return cls({label: places[label] for label in labels}, coloured, others, words)
