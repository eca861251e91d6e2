"""Recipe, Schedule, Optimizer and Scenario: the document's values, and what is derived from them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lossbench.errors import RequestError
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
    assert [schedule.factor(epoch) for epoch in (1, 5, 6, 10, 11, 26, 30)] == [1, 1, 0.5, 0.5, 0.25, 0.5**5, 0.5**5]
    assert Schedule(step=2, gamma=0.1).factor(3) == pytest.approx(0.1)


def test_a_constant_learning_rate() -> None:
    assert {Schedule(name="constant").factor(epoch) for epoch in range(1, 31)} == {1.0}


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


@pytest.mark.parametrize(
    ("text", "validation", "split_seed"),
    [
        ("clean", None, None),
        ("clean()", None, None),
        ("validation(0.1)", 0.1, None),
        (" validation( .25 ) ", 0.25, None),
        ("validation(0.1, split_seed=3)", 0.1, 3),
        ("validation(0.1, split_seed=0)", 0.1, 0),
        ("validation(1e-3)", 0.001, None),
    ],
)
def test_scenarios(text: str, validation: float | None, split_seed: int | None) -> None:
    scenario = Scenario.parse(text, "digits")
    assert scenario == Scenario(data="digits", validation=validation, split_seed=split_seed)
    assert Scenario.parse(str(scenario), "digits") == scenario


def test_a_scenario_is_printed_in_one_form() -> None:
    assert str(Scenario.parse("clean()", "d")) == "clean"
    assert str(Scenario.parse("validation(.10)", "d")) == "validation(0.1)"
    assert str(Scenario.parse("validation(.1,split_seed=3.0)", "d")) == "validation(0.1, split_seed=3)"


FORM = "clean or validation(SHARE) or validation(SHARE, split_seed=N)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("clean(1)", f"scenarios: expected {FORM}, got clean(1)"),
        ("clean(a=1)", f"scenarios: expected {FORM}, got clean(a=1)"),
        ("validation", f"scenarios: expected {FORM}, got validation"),
        ("validation(share=0.1)", f"scenarios: expected {FORM}, got validation(share=0.1)"),
        ("validation(0.1, 0.2)", f"scenarios: expected {FORM}, got validation(0.1, 0.2)"),
        ("validation(x)", f"scenarios: expected {FORM}, got validation(x)"),
        ("validation(true)", f"scenarios: expected {FORM}, got validation(true)"),
        ("validation(0.1, seed=1)", f"scenarios: expected {FORM}, got validation(0.1, seed=1)"),
        ("validation(0.1, split_seed=1.5)", f"scenarios: expected {FORM}, got validation(0.1, split_seed=1.5)"),
        ("validation(0.1, split_seed=none)", f"scenarios: expected {FORM}, got validation(0.1, split_seed=none)"),
        ("validation(0.1, split_seed=1e999)", f"scenarios: expected {FORM}, got validation(0.1, split_seed=1e999)"),
        ("noise(symmetric, 0.4)", f"scenarios: expected {FORM}, got noise(symmetric, 0.4)"),
        ("validation(0)", "scenarios.validation: expected a number greater than 0, got 0.0"),
        ("validation(-0.5)", "scenarios.validation: expected a number greater than 0, got -0.5"),
        ("validation(1)", "scenarios.validation: expected a number less than 1, got 1.0"),
        ("validation(1e999)", "scenarios.validation: expected a finite number, got inf"),
        ("validation(", "scenarios: expected name or name(key=value, ...), got validation("),
    ],
)
def test_a_scenario_that_is_none(text: str, sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        Scenario.parse(text, "digits")
    assert str(error.value) == sentence
