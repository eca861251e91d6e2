"""What every loss of the catalogue keeps: shapes, types, finiteness, gradients, independence, its formula, its card."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from latex2mathml.converter import convert
from losses_makers import asked, batch, context, extreme, rare, soft_targets, value_and_gradient
from losses_references import REFERENCES
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError

from lossbench.errors import RequestError
from lossbench.losses import CATALOGUE, Hyperparameter, LossCard, Properties
from lossbench.spec import LossSpec, Value

NAMES = sorted(CATALOGUE)
SPECS = sorted(text for text in REFERENCES if LossSpec.parse(text).name in CATALOGUE)
CARDS = {text: CATALOGUE[LossSpec.parse(text).name].card for text in SPECS}
COUPLED = [text for text in SPECS if "batch" in CARDS[text].needs and "=0)" not in text]  # a weight of 0 couples none
APART = [text for text in SPECS if "batch" not in CARDS[text].needs]
DETACHED = [text for text in SPECS if LossSpec.parse(text).keywords.get("detach") is True]
DERIVED = [text for text in SPECS if text not in DETACHED]
SOFT = [text for text in SPECS if CARDS[text].properties.soft_targets]
HARD = [text for text in SPECS if text not in SOFT]


def test_every_loss_of_the_catalogue_has_a_second_formula() -> None:
    assert {LossSpec.parse(text).name for text in REFERENCES} == set(CATALOGUE)
    assert set(NAMES) <= set(REFERENCES), "its defaults must be among those tried"


def expected(text: str, logits: Tensor, target: Tensor) -> np.ndarray:
    """What the second formula gives, (batch,)."""
    classes = logits.shape[1]
    rows = target if target.is_floating_point() else torch.eye(classes, dtype=torch.float64)[target]
    return REFERENCES[text](logits.double().numpy(), rows.double().numpy(), context(classes))


@pytest.mark.parametrize("text", SPECS)
class TestContract:
    def test_one_value_per_sample(self, text: str) -> None:
        for n in (1, 2, 7):
            assert asked(text, *batch(n)).shape == (n,)

    @pytest.mark.parametrize(
        ("given", "computed"),
        [
            (torch.bfloat16, torch.float32),
            (torch.float16, torch.float32),
            (torch.float32, torch.float32),
            (torch.float64, torch.float64),
        ],
    )
    def test_it_computes_in_float32_or_wider(self, text: str, given: torch.dtype, computed: torch.dtype) -> None:
        logits, target = batch()
        narrow = logits.to(given)
        value = asked(text, narrow, target)
        assert value.dtype == computed
        torch.testing.assert_close(value, asked(text, narrow.to(computed), target), rtol=0, atol=0)

    def test_autocast_does_not_narrow_it(self, text: str) -> None:
        logits, target = batch()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = asked(text, logits.float(), target)
        torch.testing.assert_close(value, asked(text, logits.float(), target), rtol=0, atol=0)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_extreme_logits_are_finite_in_value_and_gradient(self, text: str, dtype: torch.dtype) -> None:
        value, gradient = value_and_gradient(text, *extreme(dtype))
        assert torch.isfinite(value).all()
        assert torch.isfinite(gradient).all()
        if CARDS[text].properties.nonnegative:
            assert (value >= 0).all()

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_narrow_logits_are_finite_in_value_and_gradient(self, text: str, dtype: torch.dtype) -> None:
        value, gradient = value_and_gradient(text, *extreme(dtype))
        assert gradient.dtype == dtype
        assert torch.isfinite(value).all()
        assert torch.isfinite(gradient).all()

    def test_the_formula(self, text: str) -> None:
        logits, target = batch(200)
        formula = expected(text, logits, target)
        np.testing.assert_allclose(asked(text, logits, target).numpy(), formula, rtol=1e-10, atol=1e-13)
        single = asked(text, logits.float(), target).double().numpy()
        np.testing.assert_allclose(single, formula, rtol=3e-5, atol=3e-6)

    def test_the_formula_at_extremes(self, text: str) -> None:
        logits, target = extreme(torch.float64)
        values = asked(text, logits, target).numpy()
        np.testing.assert_allclose(values, expected(text, logits, target), rtol=1e-10, atol=1e-13)

    def test_the_formula_for_many_classes_and_for_two(self, text: str) -> None:
        if "[" in text:  # a list for three classes
            return
        for classes in (2, 100):
            logits, target = batch(50, classes)
            values = asked(text, logits, target).numpy()
            np.testing.assert_allclose(values, expected(text, logits, target), rtol=1e-10, atol=1e-13)

    def test_it_does_not_change_what_it_was_given(self, text: str) -> None:
        logits, target = batch()
        before = logits.clone(), target.clone()
        asked(text, logits, target)
        assert torch.equal(logits, before[0])
        assert torch.equal(target, before[1])

    def test_a_wrong_shape_is_refused(self, text: str) -> None:
        """The import hook of tests/conftest.py checks the shapes in the types."""
        logits, target = batch()
        for wrong in ((logits[0], target), (logits, target[:-1]), (logits, target.unsqueeze(1))):
            with pytest.raises((TypeCheckError, IndexError)):
                asked(text, *wrong)
        for strange in ((logits, target.double()), (logits.long(), target)):
            with pytest.raises((TypeCheckError, RequestError)):
                asked(text, *strange)


@pytest.mark.parametrize("text", DERIVED)
def test_the_gradient_is_the_derivative(text: str) -> None:
    logits, target = batch(8)  # random points, away from every kink
    assert torch.autograd.gradcheck(lambda z: asked(text, z, target), logits.requires_grad_())


@pytest.mark.parametrize("text", DETACHED)
def test_a_detached_factor_is_another_gradient(text: str) -> None:
    logits, target = batch(8)
    with pytest.raises(GradcheckError):
        torch.autograd.gradcheck(lambda z: asked(text, z, target), logits.requires_grad_())


@pytest.mark.parametrize("text", APART)
def test_samples_are_independent(text: str) -> None:
    if "generator" in CARDS[text].needs:  # draws by place in the batch: the others are changed, not left out
        logits, target = batch()
        value, gradient = value_and_gradient(text, logits, target)
        changed = logits.clone()
        changed[1:] += 1
        other, other_gradient = value_and_gradient(text, changed, target)
        assert torch.equal(value[0], other[0])
        assert torch.equal(gradient[0], other_gradient[0])
        return
    logits, target = batch()
    value, gradient = value_and_gradient(text, logits, target)
    order = torch.randperm(len(target), generator=torch.Generator().manual_seed(0))
    for rows in (order, order[:5], torch.tensor([3])):
        part, part_gradient = value_and_gradient(text, logits[rows], target[rows])
        torch.testing.assert_close(part, value[rows], rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(part_gradient, gradient[rows], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("text", COUPLED or [pytest.param("", marks=pytest.mark.skip("no loss couples its batch"))])
def test_what_says_that_it_couples_the_batch_does(text: str) -> None:
    logits, target = batch()
    changed = logits.clone()
    changed[1:] = changed[1:].roll(1, dims=1)
    assert not torch.allclose(asked(text, logits, target)[0], asked(text, changed, target)[0])


@pytest.mark.parametrize("text", SOFT)
class TestSoftTargets:
    def test_one_hot_rows_are_indices(self, text: str) -> None:
        logits, target = batch()
        rows = torch.eye(3, dtype=torch.float64)[target]
        torch.testing.assert_close(asked(text, logits, rows), asked(text, logits, target), rtol=1e-12, atol=1e-13)

    def test_the_formula(self, text: str) -> None:
        logits, target = batch()[0], soft_targets()
        values = asked(text, logits, target).numpy()
        np.testing.assert_allclose(values, expected(text, logits, target), rtol=1e-10, atol=1e-13)
        half = asked(text, logits.bfloat16(), target.float())
        assert half.dtype == torch.float32

    def test_extremes(self, text: str) -> None:
        logits, _ = extreme(torch.float64)
        _, gradient = value_and_gradient(text, logits, soft_targets(len(logits)))
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("text", HARD)
def test_soft_targets_are_refused_where_they_have_no_meaning(text: str) -> None:
    with pytest.raises(RequestError, match=r"^target: expected class indices of shape \(batch,\), for "):
        asked(text, batch()[0], soft_targets())


def grid(classes: int) -> Tensor:
    """Logits (points, classes) that cover the simplex of probabilities up to its corners, and lines far out."""
    generator = torch.Generator().manual_seed(classes)
    parts = [torch.randn(500, classes, generator=generator, dtype=torch.float64) * s for s in (0.1, 1, 3, 10, 100)]
    margins = torch.linspace(-40, 40, 1601, dtype=torch.float64)
    for others in range(1, min(classes, 10)):  # the first class against one, two, ... at 0 and the rest far below
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
        calm, classes = batch(8)
        target = torch.cat([torch.zeros(1, dtype=torch.int64), classes])
        far = [
            float(asked(name, torch.cat([torch.tensor([[-x, x, 0.0]]).double(), calm]), target)[0])
            for x in (1e1, 1e2, 1e3, 1e4)
        ]
        if self.facts(name).bounded:
            assert max(far) <= max(far[0] * 1.5, 1)
        else:
            steps = [abs(after - before) for before, after in pairwise(far)]
            assert steps[0] > 0.1
            assert all(after > before * 0.9 for before, after in pairwise(steps)), "it grows, be it as a logarithm"

    def test_symmetric(self, name: str) -> None:
        logits, _ = batch(100)
        sums = sum((asked(name, logits, torch.full((100,), y)) for y in range(3)), torch.zeros(100).double())
        assert bool(((sums - sums[0]).abs() < 1e-9).all()) is self.facts(name).symmetric

    def test_convex(self, name: str) -> None:
        """By random midpoints: none above the chord if it is convex, some if it is not."""
        size = 2 if "batch" in CATALOGUE[name].card.needs else 1000  # in a batch the violations of a few drown
        worst = -math.inf
        for classes, scale in product((2, 3, 10), (0.3, 1.0, 3.0, 10.0)):
            (a, target), (b, _) = (batch(max(size, 40), classes, scale, seed) for seed in (1, 2))
            for rows in torch.split(torch.arange(len(target)), size):
                middle, left, right = (asked(name, z[rows], target[rows]) for z in ((a + b) / 2, a, b))
                chord = (left + right) / 2
                worst = max(worst, float(((middle - chord) / chord.abs().clamp(min=1)).max()))
        assert worst <= 1e-12 if self.facts(name).convex else worst > 1e-8

    def test_gradient_bound(self, name: str) -> None:
        bound_on_card = self.facts(name).gradient_bound
        if "batch" in CATALOGUE[name].card.needs:
            assert bound_on_card is None, "the loss of one sample says nothing of a gradient that others share"
            return
        greatest = 0.0
        for classes in (2, 3, 4, 10, 100):
            logits = grid(classes)
            for y in {0, 1, classes - 1}:
                _, gradient = value_and_gradient(name, logits, torch.full((len(logits),), y))
                greatest = max(greatest, float(gradient.abs().max()))
        if bound_on_card is None and "class_counts" in CATALOGUE[name].card.needs:
            logits, _ = batch(200, 100)
            greatest = float(value_and_gradient(name, logits, torch.full((200,), 99), rare(100))[1].abs().max())
        if bound_on_card is None:
            assert greatest > 10
        else:
            assert bound_on_card * 0.95 <= greatest <= bound_on_card * (1 + 1e-9)

    def test_equals(self, name: str) -> None:
        for classes in (3, 10):
            logits, target = batch(200, classes)
            for equality in self.facts(name).equals:
                factor = equality.factor / (classes if equality.per_class else 1)
                own = value_and_gradient(named(name, equality.own), logits, target)
                other = value_and_gradient(named(equality.other, equality.theirs), logits, target)
                scaled = tuple(factor * part for part in other)
                torch.testing.assert_close(own, scaled, rtol=1e-10, atol=1e-12)

    def test_hyperparameters_have_an_effect(self, name: str) -> None:
        """Somewhere: some act only where a class is rare, a sample hard, or training far."""
        for hyperparameter in CATALOGUE[name].card.hyperparameters:
            changed = named(name, {hyperparameter.name: _other_value(name, hyperparameter)})
            effects = []
            for scale in (1.0, 8.0):
                logits, target = batch(200, 10, scale)
                before, after = (value_and_gradient(text, logits, target) for text in (name, changed))
                effects += [(a - b).abs().max() for a, b in zip(before, after, strict=True)]
                halfway = [asked(text, logits, target, progress=0.7) for text in (name, changed)]
                effects.append((halfway[0] - halfway[1]).abs().max())
            assert max(float(effect) for effect in effects) > 1e-6, hyperparameter.name

    def test_its_hyperparameters_are_the_functions(self, name: str) -> None:
        parameters = list(inspect.signature(CATALOGUE[name].function).parameters.values())
        assert [p.name for p in parameters[:2]] == ["logits", "target"]
        assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])
        card = CATALOGUE[name].card
        needs = [p for p in parameters[2:] if p.default is p.empty]
        assert {p.name for p in needs} == card.needs - {"batch"}
        own = parameters[2 + len(needs) :]
        assert [(p.name, p.default) for p in own] == [(h.name, h.default) for h in card.hyperparameters]
        for hyperparameter in card.hyperparameters:
            hyperparameter.check(name, hyperparameter.default)
            assert hyperparameter.meaning

    def test_it_says_what_a_reader_needs(self, name: str) -> None:
        card = CATALOGUE[name].card
        assert card.name == name
        assert card.version >= 1
        for text in (card.title, card.purpose, card.family):
            assert text.strip() == text != ""
        assert card.purpose.endswith(".")
        assert card.when.endswith(".")
        assert card.when[:2] in ("Wh", "As", "Fi")
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


def _other_value(name: str, hyperparameter: Hyperparameter) -> Value:
    """A value beside the default that the card allows."""
    default = hyperparameter.default
    if isinstance(default, bool):
        return True
    if hyperparameter.choices:
        return next(choice for choice in hyperparameter.choices if choice != default)
    if default is None:
        return 2.0
    number = float(default)
    for value in (number + 1, number * 1.5, number * 0.7, number - 0.1, number + 0.1):
        with suppress(RequestError):
            hyperparameter.check(name, value)
            if value != number:
                return value
    raise AssertionError(f"{name}.{hyperparameter.name}: no allowed value near {default}")
