"""Focal loss at any gamma, for the page: a curve that a slider moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from lossbench.figures.charts import data
from lossbench.figures.style import INK
from lossbench.figures.types import Slider
from lossbench.results import LossView

__all__ = ["GAMMA", "movable", "moved", "reach"]

GAMMA = Slider("gamma", "gamma", low=0.0, high=5.0, step=0.1, value=1.0)

# Lin et al. (2017), arXiv:1708.02002, with all logits but the true class's alike; p is the true class's probability.
_EXPRESSIONS = {
    "value": "-pow(1 - datum.probability, gamma) * log(datum.probability)",
    "gradient": (
        "pow(1 - datum.probability, gamma)"
        " * (gamma * datum.probability * log(datum.probability) + datum.probability - 1)"
    ),
}


def movable(views: Sequence[LossView]) -> LossView | None:
    """The first of these losses that is drawn as the formula says, so that moving its gamma tells the truth of it."""
    return next((view for view in views if view.name == "focal" and _as_the_formula_says(view)), None)


def reach(view: LossView, name: str) -> tuple[float, float]:
    """The least and the greatest of the values or gradients that the slider can draw, so that axes can stand still."""
    p = np.asarray(view.probability, dtype=float)
    p = p[(p > 0) & (p < 1)]
    drawn = np.concatenate([_formula(name, p, gamma) for gamma in np.linspace(GAMMA.low, GAMMA.high, 11)])
    return float(drawn.min()), float(drawn.max())


def moved(view: LossView, width: float, height: float, x: alt.X, y: str, title: str, scale: Any) -> alt.Chart:
    """The curve at the gamma of the slider, in one panel of a definition figure."""
    base = alt.Chart(data(), width=width, height=height).transform_filter(alt.datum.loss_function == view.label)
    chart: alt.Chart = (
        base.transform_calculate(moved=_EXPRESSIONS[y])
        .mark_line(color=INK, strokeWidth=2.2, strokeDash=[1.5, 3], clip=True)
        .encode(x=x, y=alt.Y("moved:Q", title=title, scale=scale))
    )
    return chart


def _as_the_formula_says(view: LossView) -> bool:
    gamma = view.hyperparameters.get("gamma")
    if not isinstance(gamma, int | float) or not view.margin:
        return False
    p = np.asarray(view.probability, dtype=float)
    held = (p > 0) & (p < 1)
    drawn = {name: np.asarray(getattr(view, name), dtype=float)[held] for name in _EXPRESSIONS}
    return all(np.allclose(drawn[name], _formula(name, p[held], gamma), rtol=1e-4, atol=1e-6) for name in drawn)


def _formula(name: str, p: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """What `_EXPRESSIONS` say."""
    if name == "value":
        return np.asarray(-((1 - p) ** gamma) * np.log(p))
    return np.asarray((1 - p) ** gamma * (gamma * p * np.log(p) + p - 1))
