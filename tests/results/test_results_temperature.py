"""The fitted temperature: against independent fits, against its definition, at both ends, and in float32."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from lossbench.metrics import log_softmax, per_picture
from lossbench.results.temperature import TEMPERATURES, fit_temperature

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def over_confident(true: float, n: int = 4000, classes: int = 10, seed: int = 0) -> tuple[Floats, Ints]:
    """Logits that are `true` times too large: targets are drawn from softmax(logits / true)."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(n, classes)) * 2
    target = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
    return logits * true, target


def nll(given: Floats, target: Ints, temperature: float) -> float:
    return float(per_picture(given / temperature, target).nll.mean())


def as_the_authors_do(logits: Floats, target: Ints) -> float:
    """By L-BFGS, on the logarithm of the temperature."""
    log_t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [log_t], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(torch.from_numpy(logits) / log_t.exp(), torch.from_numpy(target))
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        return loss.item()

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch does not annotate it
    return log_t.exp().item()


@pytest.mark.parametrize("true", [0.02, 0.5, 1.0, 2.5, 40.0])
def test_it_finds_the_temperature_that_the_targets_were_drawn_at(true: float) -> None:
    assert fit_temperature(*over_confident(true)) == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("true", "n", "classes"), [(2.5, 400, 10), (0.3, 50, 3), (7.0, 1000, 2)])
def test_it_is_that_of_independent_fits(true: float, n: int, classes: int, seed: int) -> None:
    logits, target = over_confident(true, n, classes, seed)
    found = fit_temperature(logits, target)
    scalar = minimize_scalar(lambda log_t: nll(logits, target, float(np.exp(log_t))), bounds=(-5, 5), method="bounded")
    assert found == pytest.approx(np.exp(scalar.x), rel=1e-4)
    assert found == pytest.approx(as_the_authors_do(logits, target), rel=1e-6)
    grid = np.exp(np.linspace(np.log(found) - 1, np.log(found) + 1, 401))
    assert nll(logits, target, found) <= min(nll(logits, target, float(t)) for t in grid)


def test_the_gradient_there_is_zero() -> None:
    logits, target = over_confident(2.5)
    scale = torch.tensor(1 / fit_temperature(logits, target), dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(torch.from_numpy(logits) * scale, torch.from_numpy(target)).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    assert scale.grad is not None
    assert abs(scale.grad.item()) < 1e-10


def test_float32_logits_are_fitted_as_their_float64_copies() -> None:
    """Fitted in float32 the NLL does not change for a small step, and the temperature stays where it started."""
    logits, target = over_confident(2.5)
    narrow = (logits * 20).astype(np.float32)
    found = fit_temperature(narrow, target)
    assert found == fit_temperature(narrow.astype(np.float64), target)
    assert found == pytest.approx(50, rel=0.05)
    assert narrow.dtype == np.float32


def test_logarithms_of_probabilities_do_as_logits_do() -> None:
    logits, target = over_confident(2.5)
    assert fit_temperature(log_softmax(logits), target) == pytest.approx(fit_temperature(logits, target), rel=1e-9)


def test_shifted_logits_have_the_same_temperature() -> None:
    logits, target = over_confident(2.5, 200)
    shifted = logits + np.random.default_rng(1).normal(size=(200, 1)) * 100
    assert fit_temperature(shifted, target) == pytest.approx(fit_temperature(logits, target), rel=1e-9)


def test_far_too_large_logits_have_one_too() -> None:
    logits, target = over_confident(3e4, 300)
    assert fit_temperature(logits, target) == pytest.approx(3e4, rel=0.2)


def test_where_every_picture_is_right_it_is_the_lower_end() -> None:
    assert fit_temperature(np.eye(3)[[0, 1, 2]] * 5, np.arange(3)) == TEMPERATURES[0]


def test_where_logits_say_less_than_nothing_it_is_the_upper_end() -> None:
    assert fit_temperature(np.eye(3)[[1, 2, 0]] * 5, np.arange(3)) == TEMPERATURES[1]


@pytest.mark.parametrize("value", [0.0, 1e4, -7.3])
def test_where_it_changes_nothing_it_is_one(value: float) -> None:
    assert fit_temperature(np.full((5, 4), value), np.array([0, 1, 2, 3, 0])) == 1


def test_the_largest_logits_are_finite() -> None:
    logits = np.array([[1e4, -1e4, 0.0], [1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], dtype=np.float32)
    found = fit_temperature(logits, np.array([0, 2, 1]))
    assert TEMPERATURES[0] < found <= TEMPERATURES[1]


def test_the_logits_are_left_as_they_were() -> None:
    logits, target = over_confident(2.0, 50)
    before = logits.copy()
    fit_temperature(logits, target)
    np.testing.assert_array_equal(logits, before)
