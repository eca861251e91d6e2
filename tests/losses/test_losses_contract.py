"""What every loss of the catalogue keeps: shapes, types, finiteness, gradients, independence, its formula, its card."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from latex2mathml.converter import convert
from losses_makers import REFERENCES, SPECS, batch, extreme, value_and_gradient
from torch import Tensor

from lossbench.losses import CATALOGUE, LossCard, Properties, loss
from lossbench.spec import LossSpec, Value

NAMES = sorted(CATALOGUE)


def test_every_loss_of_the_catalogue_has_a_second_formula() -> None:
    assert {LossSpec.parse(text).name for text in REFERENCES} == set(CATALOGUE)
    assert set(NAMES) <= set(REFERENCES), "its defaults must be among those tried"


@pytest.mark.parametrize("text", SPECS)
class TestContract:
    def test_one_value_per_sample(self, text: str) -> None:
        for n in (1, 2, 7):
            logits, target = batch(n)
            assert loss(text)(logits, target).shape == (n,)

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (torch.bfloat16, torch.float32),
            (torch.float16, torch.float32),
            (torch.float32, torch.float32),
            (torch.float64, torch.float64),
        ],
    )
    def test_it_computes_in_float32_or_wider(self, text: str, given: torch.dtype, expected: torch.dtype) -> None:
        logits, target = batch()
        narrow = logits.to(given)
        value = loss(text)(narrow, target)
        assert value.dtype == expected
        torch.testing.assert_close(value, loss(text)(narrow.to(expected), target), rtol=0, atol=0)

    def test_autocast_does_not_narrow_it(self, text: str) -> None:
        logits, target = batch()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(text)(logits.float(), target)
        torch.testing.assert_close(value, loss(text)(logits.float(), target), rtol=0, atol=0)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_extreme_logits_are_finite_in_value_and_gradient(self, text: str, dtype: torch.dtype) -> None:
        value, gradient = value_and_gradient(text, *extreme(dtype))
        assert torch.isfinite(value).all()
        assert torch.isfinite(gradient).all()
        assert (value >= 0).all()

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_narrow_logits_are_finite_in_value_and_gradient(self, text: str, dtype: torch.dtype) -> None:
        value, gradient = value_and_gradient(text, *extreme(dtype))
        assert gradient.dtype == dtype
        assert torch.isfinite(value).all()
        assert torch.isfinite(gradient).all()

    def test_the_gradient_is_the_derivative(self, text: str) -> None:
        logits, target = batch(8)  # away from the kinks of l1 at 0 and 1
        assert ((logits.abs() > 1e-3) & ((logits - 1).abs() > 1e-3)).all()
        assert torch.autograd.gradcheck(lambda z: loss(text)(z, target), logits.requires_grad_())

    def test_samples_are_independent(self, text: str) -> None:
        logits, target = batch()
        value, gradient = value_and_gradient(text, logits, target)
        order = torch.randperm(len(target), generator=torch.Generator().manual_seed(0))
        for rows in (order, order[:5], torch.tensor([3])):
            part, part_gradient = value_and_gradient(text, logits[rows], target[rows])
            torch.testing.assert_close(part, value[rows], rtol=1e-14, atol=1e-14)
            torch.testing.assert_close(part_gradient, gradient[rows], rtol=1e-14, atol=1e-14)

    def test_the_formula(self, text: str) -> None:
        logits, target = batch(200)
        expected = [REFERENCES[text](z, int(y)) for z, y in zip(logits.numpy(), target, strict=True)]
        np.testing.assert_allclose(loss(text)(logits, target).numpy(), expected, rtol=1e-10, atol=1e-13)
        single = loss(text)(logits.float(), target).double().numpy()
        np.testing.assert_allclose(single, expected, rtol=3e-5, atol=3e-7)

    def test_it_does_not_change_what_it_was_given(self, text: str) -> None:
        logits, target = batch()
        before = logits.clone(), target.clone()
        loss(text)(logits, target)
        assert torch.equal(logits, before[0])
        assert torch.equal(target, before[1])

    def test_a_wrong_shape_is_refused(self, text: str) -> None:
        """The import hook of tests/conftest.py checks the shapes in the types."""
        logits, target = batch()
        for wrong in ((logits[0], target), (logits, target[:-1]), (logits, target.unsqueeze(1))):
            with pytest.raises(TypeCheckError, match="Type-check error"):
                loss(text)(*wrong)
        for strange in ((logits, target.double()), (logits.long(), target)):
            with pytest.raises(TypeCheckError, match="Type-check error"):
                loss(text)(*strange)


def grid(classes: int) -> Tensor:
    """Logits (points, classes) that cover the simplex of probabilities up to its corners, and lines far out."""
    generator = torch.Generator().manual_seed(classes)
    parts = [torch.randn(500, classes, generator=generator, dtype=torch.float64) * s for s in (0.1, 1, 3, 10, 100)]
    margins = torch.linspace(-40, 40, 1601, dtype=torch.float64)
    for others in range(1, classes):  # the first class against one, two, ... others at 0 and the rest far below
        line = torch.full((len(margins), classes), -1e4, dtype=torch.float64)
        line[:, 0] = margins
        line[:, 1 : 1 + others] = 0
        parts.append(line)
    return torch.cat(parts)


@pytest.mark.parametrize("name", NAMES)
class TestCard:
    """Every fact on a card is executed."""

    def facts(self, name: str) -> Properties:
        return CATALOGUE[name].card.properties

    def test_bounded(self, name: str) -> None:
        zeros = torch.zeros(1, dtype=torch.int64)
        far = [float(loss(name)(torch.tensor([[-x, x, 0.0]]).double(), zeros)) for x in (1e1, 1e2, 1e3, 1e4)]
        if self.facts(name).bounded:
            assert max(far) <= far[0] * 1.5
        else:
            assert all(after > before * 5 for before, after in pairwise(far))

    def test_symmetric(self, name: str) -> None:
        logits, _ = batch(100)
        sums = sum((loss(name)(logits, torch.full((100,), y)) for y in range(3)), torch.zeros(100).double())
        assert bool(((sums - sums[0]).abs() < 1e-9).all()) is self.facts(name).symmetric

    def test_convex(self, name: str) -> None:
        """By random midpoints: none above the chord if it is convex, some if it is not."""
        worst = -math.inf
        for classes in (2, 3, 10):
            for scale in (0.3, 1.0, 3.0, 10.0):
                a, target = batch(1000, classes, scale, seed=1)
                b, _ = batch(1000, classes, scale, seed=2)
                f = loss(name)
                above = f((a + b) / 2, target) - (f(a, target) + f(b, target)) / 2
                worst = max(worst, float(above.max()))
        if self.facts(name).convex:
            assert worst <= 1e-12
        else:
            assert worst > 1e-3

    def test_gradient_bound(self, name: str) -> None:
        bound = self.facts(name).gradient_bound
        greatest = 0.0
        for classes in (2, 3, 4, 10):
            logits = grid(classes)
            for y in {0, 1, classes - 1}:
                _, gradient = value_and_gradient(name, logits, torch.full((len(logits),), y))
                greatest = max(greatest, float(gradient.abs().max()))
        if bound is None:
            assert greatest > 10
        else:
            assert bound * 0.99 <= greatest <= bound * (1 + 1e-12)

    def test_equals(self, name: str) -> None:
        logits, target = batch(200)
        for own, other, theirs in self.facts(name).equals:
            torch.testing.assert_close(
                value_and_gradient(named(name, own), logits, target),
                value_and_gradient(named(other, theirs), logits, target),
                rtol=1e-10,
                atol=1e-12,
            )

    def test_its_hyperparameters_are_the_functions(self, name: str) -> None:
        parameters = list(inspect.signature(CATALOGUE[name].function).parameters.values())
        assert [p.name for p in parameters[:2]] == ["logits", "target"]
        assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])
        card = CATALOGUE[name].card
        assert [(p.name, p.default) for p in parameters[2:]] == [(h.name, h.default) for h in card.hyperparameters]
        for hyperparameter in card.hyperparameters:
            hyperparameter.check(name, hyperparameter.default)
            assert hyperparameter.meaning

    def test_the_defaults_are_those_of_the_function(self, name: str) -> None:
        logits, target = batch()
        plain = CATALOGUE[name].function(logits, target)
        assert torch.equal(plain, loss(name)(logits, target))

    def test_it_says_what_a_reader_needs(self, name: str) -> None:
        card = CATALOGUE[name].card
        assert card.name == name
        assert card.version >= 1
        for text in (card.title, card.purpose, card.family):
            assert text.strip() == text != ""
        assert card.purpose.endswith(".")
        assert card.strengths
        assert card.weaknesses
        for claim in card.strengths + card.weaknesses:
            assert claim.text.endswith(".")
            assert len(claim.source) > 5
        assert 1900 < card.reference.year < 2030
        assert card.reference.identifier
        assert str(card.reference.year) in str(card.reference)
        assert card.reference.identifier in str(card.reference)

    def test_its_formula_can_be_drawn(self, name: str) -> None:
        card: LossCard = CATALOGUE[name].card
        drawn = convert(card.formula)
        assert drawn.startswith("<math")
        assert "merror" not in drawn
        assert "\\" not in drawn

    def test_its_docstring_names_the_cards_reference(self, name: str) -> None:
        text = inspect.getdoc(CATALOGUE[name].function) or ""
        card = CATALOGUE[name].card
        assert ".. math::" in text
        assert card.reference.identifier in text
        assert str(card.reference.year) in text


def named(name: str, hyperparameters: Mapping[str, Value]) -> str:
    return str(LossSpec.of(name, hyperparameters))
