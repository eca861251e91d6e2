"""Focal loss: stable where the usual form is not, and the same where both are defined."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from losses_makers import batch, value_and_gradient
from torch import Tensor
from torch.nn.functional import log_softmax

from lossbench.losses import focal, l1, loss


def naive(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    """The form that is found everywhere."""
    log_p = log_softmax(logits, dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
    return -((1 - log_p.exp()) ** gamma) * log_p


SURE = torch.tensor([[30.0, -30.0, 0.0]])
FIRST = torch.tensor([0])


def test_the_usual_form_has_no_gradient_at_certainty_and_ours_has() -> None:
    logits = SURE.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(naive(logits, FIRST, 0.5).sum(), logits)
    assert torch.isnan(gradient).all()
    value, gradient = value_and_gradient("focal(gamma=0.5)", SURE, FIRST)
    assert torch.isfinite(gradient).all()
    assert value.item() == pytest.approx(math.exp(-30) ** 1.5, rel=1e-4)
    assert gradient[0, 0].item() == pytest.approx(-1.5 * math.exp(-45), rel=1e-4)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_the_two_forms_agree_where_both_are_defined(gamma: float) -> None:
    logits, target = batch(100, scale=1.0)
    ours = value_and_gradient(f"focal(gamma={gamma})", logits, target)
    leaf = logits.clone().requires_grad_()
    value = naive(leaf, target, gamma)
    torch.testing.assert_close(ours[0], value.detach())
    torch.testing.assert_close(ours[1], torch.autograd.grad(value.sum(), leaf)[0])


@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("logits", [(12.0, -6.0, 0.0), (16.0, -3.0, 0.0), (-20.0, 0.0, 0.0), (0.5, 0.25, -0.125)])
def test_float32_is_accurate(logits: tuple[float, ...], gamma: float) -> None:
    odds = math.fsum(math.exp(z - logits[0]) for z in logits[1:])  # (1 − p) / p
    expected = (odds / (1 + odds)) ** gamma * math.log1p(odds)
    value, _ = value_and_gradient(f"focal(gamma={gamma})", torch.tensor([logits]), FIRST)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(expected, rel=1e-5)


def test_the_plain_difference_of_logarithms_is_not_accurate() -> None:
    """Why d is taken against the other classes: lse z − z_y in float32 is several per cent off."""
    z = torch.tensor([12.0, -6.0, 0.0])
    exact = math.log1p(math.exp(-12) + math.exp(-18))
    assert abs((z.logsumexp(0) - z[0]).item() / exact - 1) > 0.02
    assert loss("focal(gamma=0)")(z.unsqueeze(0), FIRST).item() == pytest.approx(exact, rel=1e-5)


def test_alpha_weighs_the_true_class() -> None:
    logits, target = batch()
    plain = focal(logits, target)
    torch.testing.assert_close(focal(logits, target, alpha=0.25), 0.25 * plain)
    weights = torch.tensor([0.5, 0.0, 3.0], dtype=torch.float64)
    torch.testing.assert_close(focal(logits, target, alpha=[0.5, 0.0, 3.0]), weights[target] * plain)
    torch.testing.assert_close(focal(logits, target, alpha=(1.0, 1.0, 1.0)), plain)


def test_the_factor_is_differentiated() -> None:
    """A detached factor is another loss: at gamma = 2 its gradient is about a quarter shorter."""
    logits, target = batch(500, 10, 1.0)
    _, gradient = value_and_gradient("focal", logits, target)
    leaf = logits.clone().requires_grad_()
    log_p = log_softmax(leaf, dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
    detached = (-((1 - log_p.exp()) ** 2).detach() * log_p).sum()
    (other,) = torch.autograd.grad(detached, leaf)
    assert other.norm() / gradient.norm() < 0.95


def test_cross_entropy_is_torchs() -> None:
    logits, target = batch()
    ours = loss("cross_entropy")(logits, target).mean()
    torch.testing.assert_close(ours, torch.nn.CrossEntropyLoss()(logits, target))


def test_l1_is_torchs_on_one_hot_targets() -> None:
    logits, target = batch(classes=10)
    one_hot = torch.eye(10, dtype=torch.float64)[target]
    torch.testing.assert_close(l1(logits, target).mean(), torch.nn.L1Loss()(logits, one_hot))


def test_l1_pushes_every_logit_alike() -> None:
    logits, target = batch(classes=10)
    _, gradient = value_and_gradient("l1", logits, target)
    np.testing.assert_allclose(gradient.abs().numpy(), 0.1)
