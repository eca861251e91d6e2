"""Recipe, Schedule, Optimizer and Scenario: the document's values, and what is derived from them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lossbench.spec import Optimizer, Recipe, Scenario, Schedule


def test_the_defaults_are_the_documents() -> None:
    assert Recipe().canonical() == {
        "model": "cnn",
        "epochs": 30,
        "batch_size": 128,
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0, "nesterov": False},
        "schedule": {"name": "step", "step": 5, "gamma": 0.5},
        "eval_interval": 1,
        "train_metrics": "full",
        "precision": "auto",
    }


def test_the_learning_rate_halves_after_every_five_epochs() -> None:
    schedule = Schedule()
    assert [schedule.factor(epoch, 30) for epoch in (1, 5, 6, 10, 11, 26, 30)] == [1, 1, 0.5, 0.5, 0.25, 0.5**5, 0.5**5]
    assert Schedule(step=2, gamma=0.1).factor(3, 30) == pytest.approx(0.1)


def test_a_constant_learning_rate() -> None:
    assert {Schedule(name="constant").factor(epoch, 30) for epoch in range(1, 31)} == {1.0}


@pytest.mark.parametrize(
    ("interval", "epochs", "evaluated"),
    [(1, 4, [1, 2, 3, 4]), (2, 5, [2, 4, 5]), (3, 3, [3]), (10, 4, [4]), (2, 4, [2, 4])],
)
def test_evaluated_at_the_interval_and_always_at_the_end(interval: int, epochs: int, evaluated: list[int]) -> None:
    recipe = Recipe(epochs=epochs, eval_interval=interval)
    assert [epoch for epoch in range(1, epochs + 1) if recipe.evaluated(epoch)] == evaluated


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [(Recipe(), "epochs", 2), (Optimizer(), "lr", 1.0), (Schedule(), "step", 2), (Scenario(data="d"), "data", "e")],
)
def test_frozen(spec: Recipe | Optimizer | Schedule | Scenario, field: str, value: object) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(spec, field, value)
