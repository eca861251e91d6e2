"""Optimizer: defaults by name, what is refused beside which, what is written."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

from lossbench.errors import RequestError
from lossbench.spec import Optimizer, Recipe, Study, load_study


def test_each_has_its_own_first_learning_rate_unless_one_is_given() -> None:
    assert [Optimizer(name=name).lr for name in ("sgd", "adam", "adamw")] == [0.1, 0.001, 0.001]
    assert Optimizer(name="adam", lr=0.1).lr == 0.1
    assert Recipe.model_validate({"optimizer": {"name": "adamw"}}).optimizer.lr == 0.001


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_adams_defaults_are_torchs(name: str, kind: type) -> None:
    defaults = inspect.signature(kind).parameters
    ours = Optimizer.model_validate({"name": name})
    assert (ours.lr, ours.decay_rates) == (defaults["lr"].default, defaults["betas"].default)


def test_what_adam_has_no_use_for_is_not_written() -> None:
    assert Optimizer(name="adam").canonical() == {"name": "adam", "lr": 0.001, "weight_decay": 0.0}
    adamw = Optimizer(name="adamw", betas=(0.8, 0.99), weight_decay=0.05)
    assert adamw.canonical() == {"name": "adamw", "lr": 0.001, "weight_decay": 0.05, "betas": [0.8, 0.99]}
    assert adamw.decay_rates == (0.8, 0.99)


def test_betas_that_hold_anyway_are_the_same_recipe() -> None:
    assert Optimizer(name="adam", betas=(0.9, 0.999)) == Optimizer(name="adam")


@pytest.mark.parametrize("optimizer", [{"name": "adam"}, {"name": "adamw", "lr": 0.01, "betas": [0.5, 0.9]}])
def test_through_a_study_file_and_back(tmp_path: Any, optimizer: dict[str, Any]) -> None:
    study = Study(recipe={"optimizer": optimizer})
    path = tmp_path / "study.yaml"
    path.write_text(study.to_yaml(), encoding="utf-8")
    assert load_study(path) == study
    assert Study(recipe=study.recipe) == study
    assert "momentum" not in study.to_yaml()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "rmsprop"}, "recipe.optimizer.name: expected one of 'sgd', 'adam' or 'adamw', got rmsprop"),
    (
        {"name": "adam", "momentum": 0.9},
        "recipe.optimizer.momentum: expected the optimizer sgd, which alone has it, got 0.9 for adam",
    ),
    (
        {"name": "adamw", "nesterov": True},
        "recipe.optimizer.nesterov: expected the optimizer sgd, which alone has it, got True for adamw",
    ),
    (
        {"betas": [0.9, 0.99]},
        "recipe.optimizer.betas: expected the optimizer adam or adamw, which alone have them, got [0.9, 0.99] for sgd",
    ),
    ({"name": "adam", "betas": [0.9, 1]}, "recipe.optimizer.betas.1: expected a number less than 1, got 1"),
    ({"name": "adam", "betas": [-0.1, 0.9]}, "recipe.optimizer.betas.0: expected a number of at least 0, got -0.1"),
    ({"name": "adam", "betas": 0.9}, "recipe.optimizer.betas: expected a list, got 0.9"),
    ({"name": "adam", "lr": None}, "recipe.optimizer.lr: expected a number, got None"),
    (
        {"nesterov": True, "momentum": 0},
        "recipe.optimizer.nesterov: expected false, or a momentum greater than 0 beside it, got True",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        Optimizer(**values)
    assert str(error.value) == sentence
