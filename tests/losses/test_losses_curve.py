"""The drawn definition: value and gradient along one line through the logits."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from losses_makers import bound, context
from losses_references import REFERENCES

from lossbench.losses import CATALOGUE, Curve, curve, loss

TEXTS = ["l1", "cross_entropy", "focal(gamma=0)", "focal(gamma=0.5)", "focal(gamma=2)"]


def along(text: str, classes: int) -> Callable[[float], float]:
    """The second formula at the logits (margin, 0, ..., 0)."""
    true = np.eye(1, classes)
    return lambda margin: float(REFERENCES[text](margin * true, true, context(classes))[0])


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
@pytest.mark.parametrize("text", TEXTS)
class TestCurve:
    def drawn(self, text: str, classes: int) -> Curve:
        return curve(loss(text), classes)

    def test_margins_ascend_and_cover_both_drawings(self, text: str, classes: int) -> None:
        drawn = self.drawn(text, classes)
        margin, probability = np.array(drawn.margin), np.array(drawn.probability)
        assert (np.diff(margin) >= 0).all()
        assert (np.diff(probability) >= 0).all()
        assert margin.min() <= -6
        assert margin.max() >= 10
        assert np.diff(margin).max() < 0.75
        inside = probability[(probability >= 0.004) & (probability <= 0.996)]
        assert np.diff(inside).max() < 0.0051
        assert len(drawn.margin) == len(drawn.probability) == len(drawn.value) == len(drawn.gradient) == 360

    def test_probabilities_are_softmax(self, text: str, classes: int) -> None:
        drawn = self.drawn(text, classes)
        expected = 1 / (1 + (classes - 1) * np.exp(-np.array(drawn.margin)))
        np.testing.assert_allclose(drawn.probability, expected, rtol=1e-9)

    def test_values_are_the_formulas(self, text: str, classes: int) -> None:
        drawn = self.drawn(text, classes)
        np.testing.assert_allclose(drawn.value, [along(text, classes)(m) for m in drawn.margin], rtol=1e-7, atol=1e-12)

    def test_the_gradient_is_the_derivative_by_the_margin(self, text: str, classes: int) -> None:
        drawn, step = self.drawn(text, classes), 1e-5
        f = along(text, classes)
        for margin, gradient in list(zip(drawn.margin, drawn.gradient, strict=True))[::7]:
            if text == "l1" and abs(margin - 1) < 2 * step:
                continue  # its kink
            assert gradient == pytest.approx((f(margin + step) - f(margin - step)) / (2 * step), rel=1e-4, abs=1e-7)

    def test_plain_finite_floats(self, text: str, classes: int) -> None:
        drawn = self.drawn(text, classes)
        for column in (drawn.margin, drawn.probability, drawn.value, drawn.gradient):
            assert isinstance(column, tuple)
            assert all(type(number) is float and math.isfinite(number) for number in column)


def test_l1_is_least_at_one() -> None:
    drawn = curve(loss("l1"), 10)
    at = int(np.argmin(drawn.value))
    assert drawn.margin[at] == pytest.approx(1)
    assert drawn.value[0] == pytest.approx(along("l1", 10)(drawn.margin[0]))
    assert {round(abs(gradient), 12) for gradient in drawn.gradient} <= {0.1, 0.0}


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_loss_can_be_drawn_with_its_defaults(name: str) -> None:
    assert len(curve(bound(name, 10), 10).margin) == 360
