"""What tuning chooses of a loss: finite for every loss, and only what the study leaves open."""

from __future__ import annotations

import math

import pytest
import torch

from lossbench.api.tuning.space import Axis, arm_with, space_of
from lossbench.losses import CATALOGUE, complete, loss
from lossbench.rng import torch_generator
from lossbench.spec import Arm, LossSpec, Recipe
from lossbench.spec.call import Value

NAMES = sorted(CATALOGUE)


def space(text: str, recipe: Recipe | None = None) -> dict[str, Axis]:
    return {axis.name: axis for axis in space_of(Arm.parse(text), recipe or Recipe())}


def ends(axis: Axis) -> list[Value]:
    return list(axis.values) or [axis.low, axis.high]


@pytest.mark.parametrize("name", NAMES)
def test_every_axis_of_every_loss_is_finite_and_holds_the_authors_value(name: str) -> None:
    for axis in space(name).values():
        if axis.values:
            assert axis.own in axis.values
            assert len(set(axis.values)) > 1
        else:
            assert isinstance(axis.own, int | float)
            assert -math.inf < axis.low <= axis.own <= axis.high < math.inf
            assert axis.low < axis.high
            assert axis.low > 0 or not axis.log


@pytest.mark.parametrize("name", NAMES)
def test_every_hyperparameter_is_chosen_but_those_that_are_none(name: str) -> None:
    known = {h.name for h in CATALOGUE[name].card.hyperparameters if h.default is not None}
    assert set(space(name)) == {"lr", *known}
    assert "lr" not in {h.name for h in CATALOGUE[name].card.hyperparameters}


CORNERS = [
    LossSpec.of(name, {axis.name: value})
    for name in NAMES
    for axis in space(name).values()
    if axis.name != "lr"
    for value in ends(axis)
]


@pytest.mark.parametrize("spec", CORNERS, ids=str)
def test_at_the_ends_a_loss_is_allowed_and_its_gradient_finite_and_somewhere_not_zero(spec: LossSpec) -> None:
    complete(spec)
    logits = torch.cat([torch.linspace(-9, 9, 60).reshape(20, 3), torch.tensor([[1e4, 0.0, -1e4]])]).requires_grad_()
    target = torch.arange(21) % 3
    counts = (400, 90, 20)
    value = loss(spec, class_counts=counts)(logits, target, progress=1.0, generator=torch_generator(0, "test"))
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() > 0


def test_what_the_study_writes_is_held() -> None:
    assert set(space("focal(gamma=2)")) == {"lr", "detach"}
    assert set(space("focal(gamma=2, detach=false)")) == {"lr"}
    assert set(space("focal(alpha=[1, 2, 3])")) == {"lr", "gamma", "detach"}


def test_of_a_users_own_loss_the_learning_rate_alone_is_chosen() -> None:
    assert set(space("torch.nn:CrossEntropyLoss(label_smoothing=0.1)")) == {"lr"}


@pytest.mark.parametrize(("text", "lr"), [("mae", 0.1), ("mae[lr=0.5]", 0.5), ("mae[momentum=0.5]", 0.1)])
def test_learning_rates_are_looked_for_a_factor_of_100_around_the_losss_own(text: str, lr: float) -> None:
    axis = space(text)["lr"]
    assert (axis.own, axis.log) == (lr, True)
    assert (axis.low, axis.high) == pytest.approx((lr / 100, lr * 100))


@pytest.mark.parametrize(
    ("value", "told"), [(0.0123456, 0.01235), (123456.0, 100.0), (0.00099999, 0.001), (3.14159265, 3.142)]
)
def test_a_number_is_trained_with_as_it_is_told(value: float, told: float) -> None:
    assert Axis("a", 1.0, 0.001, 100.0).rounded(value) == told


def test_words_and_flags_are_not_rounded() -> None:
    assert Axis("a", "b", values=("b", "c")).rounded("c") == "c"
    assert Axis("a", False, values=(False, True)).rounded(True) is True


def test_the_tuned_loss_is_written_with_what_was_changed_alone() -> None:
    arm = Arm.parse("focal[momentum=0.5]")
    own = {axis.name: axis.own for axis in space_of(arm, Recipe())}
    assert arm_with(arm, space_of(arm, Recipe()), own) == arm
    tuned = arm_with(arm, space_of(arm, Recipe()), {**own, "gamma": 1.5, "lr": 0.03})
    assert str(tuned) == "focal(gamma=1.5)[lr=0.03, momentum=0.5]"
