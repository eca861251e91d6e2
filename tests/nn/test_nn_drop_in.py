"""Where torch defines the same, a module gives the same: values and gradients, in float64."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nn_makers import CLASSES_MADE, batch, probabilities
from torch import Tensor, nn

import lossbench.nn as ours
from lossbench.errors import RequestError
from lossbench.rng import torch_generator

WEIGHT = torch.tensor([0.5, 1.0, 2.0, 0.0, 3.0], dtype=torch.float64)
SHAPES: dict[str, tuple[int, ...]] = {"(N, C)": (), "(N, C, d)": (3,), "(N, C, d1, d2)": (2, 3)}


def agree(module: nn.Module, theirs: nn.Module, logits: Tensor, target: Tensor) -> None:
    """Asserts that both give the same value and the same gradient, NaN where the other has it."""
    mine, other = module(logits, target), theirs(logits, target)
    torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-12, equal_nan=True)
    upstream = torch.arange(1.0, 1.0 + other.numel(), dtype=other.dtype).reshape(other.shape)
    (mine_gradient,) = torch.autograd.grad(mine, logits, upstream)
    (gradient,) = torch.autograd.grad(other, logits, upstream)
    torch.testing.assert_close(mine_gradient, gradient, rtol=1e-12, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("soft", [False, True], ids=["indices", "probabilities"])
def test_cross_entropy_is_torchs_in_every_option(shape: str, soft: bool) -> None:
    logits, target = batch(*SHAPES[shape])
    if soft:
        target = probabilities(logits)
    grid = itertools.product(
        [None, WEIGHT], [0.0, 0.1, 1.0], [-100] if soft else [-100, 2, 77], ["mean", "sum", "none"]
    )
    for weight, smoothing, ignored, reduction in grid:
        options: dict[str, Any] = {"ignore_index": ignored, "reduction": reduction, "label_smoothing": smoothing}
        agree(ours.CrossEntropyLoss(weight, **options), nn.CrossEntropyLoss(weight, **options), logits, target)


@given(
    n=st.integers(1, 6),
    weights=st.lists(st.floats(0, 10), min_size=CLASSES_MADE, max_size=CLASSES_MADE),
    smoothing=st.floats(0, 1),
    ignored=st.integers(-1, CLASSES_MADE),
    reduction=st.sampled_from(["mean", "sum", "none"]),
    scale=st.floats(0.1, 300),
    seed=st.integers(0, 1000),
)
def test_cross_entropy_is_torchs_for_drawn_ones(
    n: int, weights: list[float], smoothing: float, ignored: int, reduction: str, scale: float, seed: int
) -> None:
    generator = torch_generator(seed, "nn")
    logits = scale * torch.randn(n, CLASSES_MADE, generator=generator, dtype=torch.float64)
    target = torch.randint(0, CLASSES_MADE, (n,), generator=generator)
    weight = torch.tensor(weights, dtype=torch.float64)
    options: dict[str, Any] = {"ignore_index": ignored, "reduction": reduction, "label_smoothing": smoothing}
    mine = ours.CrossEntropyLoss(weight, **options)(logits, target)
    other = nn.CrossEntropyLoss(weight, **options)(logits, target)
    torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("soft", [False, True], ids=["index", "probabilities"])
def test_cross_entropy_of_one_sample_without_a_batch(reduction: Any, soft: bool) -> None:
    logits = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64) if soft else torch.tensor(1)
    theirs = nn.CrossEntropyLoss(reduction=reduction, label_smoothing=0.1)
    agree(ours.CrossEntropyLoss(reduction=reduction, label_smoothing=0.1), theirs, logits, target)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_of_nothing_the_mean_is_nan_and_the_sum_zero_as_in_torch(weight: Tensor | None, smoothing: float) -> None:
    logits, target = batch()
    for reduction in ("mean", "sum", "none"):
        options: Any = {"reduction": reduction, "label_smoothing": smoothing}
        theirs, mine = nn.CrossEntropyLoss(weight, **options), ours.CrossEntropyLoss(weight, **options)
        for given_target in (torch.full_like(target, -100), target[:0]):
            agree(mine, theirs, logits[: len(given_target)], given_target)


def test_a_target_that_is_no_class_is_refused_as_torch_refuses_it() -> None:
    logits, target = batch()
    target[0] = CLASSES_MADE
    with pytest.raises(IndexError, match="out of bounds"):
        nn.CrossEntropyLoss()(logits, target)
    with pytest.raises(IndexError, match="out of bounds"):
        ours.CrossEntropyLoss()(logits, target)


def test_an_ignored_class_among_class_probabilities_is_refused_as_torch_refuses_it() -> None:
    logits, _ = batch()
    with pytest.raises(RuntimeError, match="ignore_index"):
        nn.CrossEntropyLoss(ignore_index=1)(logits, probabilities(logits))
    with pytest.raises(RequestError, match=r"^ignore_index: expected below 0 where the target is class probabilities"):
        ours.CrossEntropyLoss(ignore_index=1)(logits, probabilities(logits))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (ours.L1Loss(), nn.L1Loss()),
        (ours.SmoothL1Loss(beta=0.7), nn.SmoothL1Loss(beta=0.7)),
        (ours.HuberLoss(delta=1.3), nn.HuberLoss(delta=1.3)),
        (ours.MSELoss(mean=True), nn.MSELoss()),
        (ours.BCEWithLogitsLoss(mean=True), nn.BCEWithLogitsLoss()),
    ],
    ids=lambda module: type(module).__name__,
)
def test_losses_of_regression_are_torchs_on_a_target_of_the_same_shape(
    mine: nn.Module, theirs: nn.Module, shape: str
) -> None:
    logits, target = batch(*SHAPES[shape])
    rows = nn.functional.one_hot(target, CLASSES_MADE).movedim(-1, 1).double()
    agree(mine, theirs, logits, rows)
    agree(mine, theirs, logits, 0.3 + 0.4 * rows)
    torch.testing.assert_close(mine(logits, target), theirs(logits, rows))  # class indices are one-hot rows


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (ours.L1Loss, nn.L1Loss),
        (ours.SmoothL1Loss, nn.SmoothL1Loss),
        (ours.HuberLoss, nn.HuberLoss),
    ],
)
def test_their_sums_and_values_are_per_sample_where_torchs_are_per_number(mine: Any, theirs: Any) -> None:
    logits, _ = batch()
    rows = probabilities(logits)
    each = theirs(reduction="none")(logits, rows)
    torch.testing.assert_close(mine(reduction="none")(logits, rows), each.mean(dim=1))
    torch.testing.assert_close(mine(reduction="sum")(logits, rows), each.sum() / CLASSES_MADE)


def test_label_smoothing_is_the_loss_of_that_name() -> None:
    logits, target = batch()
    torch.testing.assert_close(
        ours.LabelSmoothingLoss(epsilon=0.1)(logits, target), nn.CrossEntropyLoss(label_smoothing=0.1)(logits, target)
    )


def test_multi_class_hinge_is_torchs_times_the_classes() -> None:
    logits, target = batch()
    torch.testing.assert_close(
        ours.HingeWWLoss()(logits, target), CLASSES_MADE * nn.MultiMarginLoss()(logits, target), rtol=1e-12, atol=0
    )
