"""`Study`: its defaults and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec import (
    FOUR_LOSSES,
    PRESETS,
    Arm,
    LossSpec,
    Optimizer,
    Plan,
    Recipe,
    Schedule,
    Study,
    default_name,
)


def test_the_defaults() -> None:
    assert Study().canonical() == {
        "name": "digits-cnn",
        "question": "Which loss function should this classifier be trained with?",
        "data": "digits",
        "models": ["cnn"],
        "losses": ["l1", "cross_entropy", "focal(gamma=2)", "focal(gamma=0.5)"],
        "scenarios": ["clean"],
        "seeds": [1, 2, 3, 4, 5],
        "recipe": {**Recipe().canonical(), "augmentation": []},
        "plan": {"metric": "test.accuracy", "margin": 0.01, "hypotheses": []},
    }


def test_the_preset_is_the_documents_study_value_for_value() -> None:
    study = Study(**PRESETS["course-report"])
    assert study.losses == tuple(Arm.parse(text) for text in ("l1", "cross_entropy", *FOUR_LOSSES[2:]))
    assert [str(loss) for loss in study.losses[2:]] == ["focal(gamma=2)", "focal(gamma=0.5)"]
    assert study.seeds == (1,)  # SEED
    assert study.recipe.batch_size == 128  # BATCH_SIZE
    assert study.recipe.epochs == 30  # NUM_EPOCHS
    assert study.recipe.eval_interval == 1  # EVAL_INTERVAL
    assert study.recipe.optimizer == Optimizer(name="sgd", lr=0.1, momentum=0.9, weight_decay=0, nesterov=False)
    assert (study.recipe.schedule.name, study.recipe.schedule.step, study.recipe.schedule.gamma) == ("step", 5, 0.5)
    assert (study.data, study.model, study.recipe.model) == ("cifar10", "lenet5", "lenet5")
    assert study.recipe.train_metrics == "full"
    assert str(study.scenario) == "clean"


def test_the_model_is_one_wherever_it_is_read() -> None:
    for study in (
        Study(models=("lenet5",)),
        Study(models="lenet5"),
        Study(models=["lenet5"], recipe={"epochs": 2}),
        Study(models=["lenet5"], recipe={"epochs": 2, "model": "lenet5"}),
        Study(models=("lenet5",), recipe=Recipe(epochs=2)),
        Study(models=("lenet5",), recipe=Recipe(epochs=2, model="lenet5", optimizer=Optimizer(lr=0.2))),
    ):
        assert (study.model, study.recipe.model) == ("lenet5", "lenet5")
    with pytest.raises(RequestError, match=r"^recipe\.model: expected the study's models to name it, got lenet5$"):
        Study(recipe=Recipe(model="lenet5"))


def test_a_recipe_given_as_an_object_keeps_its_values() -> None:
    recipe = Recipe(epochs=2, optimizer=Optimizer(lr=0.2), precision="bf16")
    assert Study(recipe=recipe).recipe == recipe


def test_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Study().seeds = (1,)


GOOD: list[tuple[Mapping[str, Any], str, object]] = [
    ({"recipe": {"optimizer": {"lr": "1e-3"}}}, "recipe.optimizer.lr", 0.001),
    ({"recipe": {"optimizer": {"momentum": 0}}}, "recipe.optimizer.momentum", 0.0),
    ({"recipe": {"optimizer": {"weight_decay": "5e-4"}}}, "recipe.optimizer.weight_decay", 0.0005),
    ({"recipe": {"schedule": {"gamma": 2}}}, "recipe.schedule.gamma", 2.0),
    ({"plan": {"margin": "2e-2"}}, "plan.margin", 0.02),
    ({"seeds": "7,"}, "seeds", (7,)),
    ({"seeds": 2}, "seeds", (1, 2)),
    ({"losses": "l1"}, "losses", (Arm(LossSpec("l1")),)),
    ({"scenarios": "validation(0.1)"}, "scenarios", ("validation(0.1)",)),
    ({"data": "/a/my pictures/"}, "name", "my pictures-cnn"),
    ({"name": ""}, "name", "digits-cnn"),
    ({"name": None}, "name", "digits-cnn"),
]


@pytest.mark.parametrize(("values", "field", "expected"), GOOD, ids=lambda value: str(value)[:40])
def test_values_as_yaml_gives_them(values: Mapping[str, Any], field: str, expected: object) -> None:
    found: object = Study(**values)
    for part in field.split("."):
        found = getattr(found, part)
    assert found == expected
    assert type(found) is type(expected)


FOLDER = "a folder's name: at most 200 bytes, no slash, no dot in front, no control characters"
METRICS = (
    "'test.accuracy', 'test.precision', 'test.recall', 'test.f1', 'test.nll', 'test.brier', 'test.ece', 'test.top5' or "
    "'test.auroc'"
)


def recipe(**values: object) -> dict[str, object]:
    return {"recipe": values}


def optimizer(**values: object) -> dict[str, object]:
    return recipe(optimizer=values)


def schedule(**values: object) -> dict[str, object]:
    return recipe(schedule=values)


BAD: list[tuple[Mapping[str, Any], str]] = [
    (recipe(epochs=0), "recipe.epochs: expected a number of at least 1, got 0"),
    (recipe(epochs=True), "recipe.epochs: expected a whole number, got True"),
    (recipe(epochs=1.5), "recipe.epochs: expected a whole number, got 1.5"),
    (recipe(epochs="3"), "recipe.epochs: expected a whole number, got 3"),
    (recipe(epochs=None), "recipe.epochs: expected a whole number, got None"),
    (recipe(batch_size=1), "recipe.batch_size: expected a number of at least 2, got 1"),
    (recipe(eval_interval=0), "recipe.eval_interval: expected a number of at least 1, got 0"),
    (recipe(train_metrics="some"), "recipe.train_metrics: expected one of 'full' or 'running', got some"),
    (recipe(precision="fp16"), "recipe.precision: expected one of 'auto', 'fp32' or 'bf16', got fp16"),
    (recipe(model="lenet5"), "recipe.model: expected the study's models to name it, got lenet5"),
    (optimizer(lr=0), "recipe.optimizer.lr: expected a number greater than 0, got 0"),
    (optimizer(lr=-0.1), "recipe.optimizer.lr: expected a number greater than 0, got -0.1"),
    (optimizer(lr=True), "recipe.optimizer.lr: expected a number, got True"),
    (optimizer(lr="fast"), "recipe.optimizer.lr: expected a number, got fast"),
    (optimizer(lr=None), "recipe.optimizer.lr: expected a number, got None"),
    (optimizer(lr=[0.1]), "recipe.optimizer.lr: expected a number, got [0.1]"),
    (optimizer(lr=float("inf")), "recipe.optimizer.lr: expected a finite number, got inf"),
    (optimizer(lr="nan"), "recipe.optimizer.lr: expected a finite number, got nan"),
    (optimizer(momentum=1), "recipe.optimizer.momentum: expected a number less than 1, got 1"),
    (optimizer(momentum=-0.1), "recipe.optimizer.momentum: expected a number of at least 0, got -0.1"),
    (optimizer(momentum=False), "recipe.optimizer.momentum: expected a number, got False"),
    (optimizer(weight_decay=-1), "recipe.optimizer.weight_decay: expected a number of at least 0, got -1"),
    (optimizer(nesterov="maybe"), "recipe.optimizer.nesterov: expected true or false, got maybe"),
    (optimizer(nesterov=3), "recipe.optimizer.nesterov: expected true or false, got 3"),
    (optimizer(name="lion"), "recipe.optimizer.name: expected one of 'sgd', 'adam' or 'adamw', got lion"),
    (recipe(optimizer="sgd"), "recipe.optimizer: expected a mapping, got sgd"),
    (schedule(step=0), "recipe.schedule.step: expected a number of at least 1, got 0"),
    (schedule(step=2.5), "recipe.schedule.step: expected a whole number, got 2.5"),
    (schedule(gamma=0), "recipe.schedule.gamma: expected a number greater than 0, got 0"),
    (
        schedule(name="linear"),
        "recipe.schedule.name: expected one of 'step', 'constant', 'multistep' or 'cosine', got linear",
    ),
    ({"recipe": None}, "recipe: expected a mapping, got None"),
    ({"recipe": [1]}, "recipe: expected a mapping, got [1]"),
    ({"models": 5}, "models: expected a list, got 5"),
    ({"models": [5]}, "models.0: expected text, got 5"),
    ({"models": []}, "models: expected at least 1 of them, got []"),
    ({"models": ["cnn", "cnn"]}, "models: expected each once, got cnn, cnn"),
    ({"scenarios": []}, "scenarios: expected at least 1 of them, got []"),
    (
        {"scenarios": ["validation(.1)", "validation(0.10)"]},
        "scenarios: expected each once, got validation(0.1), validation(0.1)",
    ),
    ({"scenarios": ["validation(2)"]}, "scenarios.validation: expected a number less than 1, got 2.0"),
    ({"tuned": {}}, "tuned: expected what tuning chose for each loss, as in {mae: {loss: mae, lr: 0.5}}, got {}"),
    (
        {"losses": "l1, mse", "tuned": {"l1": "l1[lr=0.5]"}},
        "tuned: expected one entry for each loss, l1, mse, got l1",
    ),
    ({"data": ""}, "data: expected text that is not empty, got ''"),
    ({"data": 5}, "data: expected text, got 5"),
    ({"question": 5}, "question: expected text, got 5"),
    ({"name": 5}, "name: expected text, got 5"),
    ({"name": "a/b"}, f"name: expected {FOLDER}, got a/b"),
    ({"name": "a\\b"}, f"name: expected {FOLDER}, got a\\b"),
    ({"name": ".."}, f"name: expected {FOLDER}, got .."),
    ({"name": "a\0"}, f"name: expected {FOLDER}, got a\\x00"),
    ({"name": "x" * 201}, f"name: expected {FOLDER}, got {'x' * 199}…"),
    ({"plan": {"metric": "accuracy"}}, f"plan.metric: expected one of {METRICS}, got accuracy"),
    ({"plan": {"metric": "train.accuracy"}}, f"plan.metric: expected one of {METRICS}, got train.accuracy"),
    ({"plan": {"margin": 0}}, "plan.margin: expected a number greater than 0, got 0"),
    ({"plan": {"margin": True}}, "plan.margin: expected a number, got True"),
    ({"seeds": 0}, "seeds: expected a number of seeds (5) or a list of different whole numbers (1,2,3 or 7,), got 0"),
    ({"losses": ["f("]}, "losses: expected name or name(key=value, ...), got f("),
]


@pytest.mark.parametrize(("values", "sentence"), BAD, ids=lambda value: str(value)[:60])
def test_a_wrong_value_is_one_sentence(values: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        Study(**values)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("values", "field", "name", "near"),
    [
        ({"modles": ["cnn"]}, "study", "modles", "models"),
        ({"seed": 1}, "study", "seed", "seeds"),
        (recipe(epoch=3), "recipe", "epoch", "epochs"),
        (optimizer(weight_decai=3), "recipe.optimizer", "weight_decai", "weight_decay"),
        (schedule(steps=3), "recipe.schedule", "steps", "step"),
        ({"plan": {"margins": 1}}, "plan", "margins", "margin"),
    ],
)
def test_an_unknown_key_has_its_nearest_names(values: dict[str, Any], field: str, name: str, near: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        Study(**values)
    assert error.value.near[0] == near
    text = str(error.value)
    assert text.startswith(f"{field}: expected one of ")
    assert f", got {name} (did you mean {near}" in text
    assert near in error.value.allowed


def test_a_part_made_alone_names_its_place_in_a_study() -> None:
    for make in (lambda: Optimizer(lr=0), lambda: Study(recipe={"optimizer": {"lr": 0}})):
        with pytest.raises(RequestError, match=r"^recipe\.optimizer\.lr: expected a number greater than 0, got 0$"):
            make()
    with pytest.raises(UnknownNameError, match=r"^recipe\.optimizer: expected one of .*, got lrr"):
        Optimizer(lrr=0)  # type: ignore[call-arg]  # the wrong name is the point
    with pytest.raises(RequestError, match=r"^recipe\.schedule\.step: "):
        Schedule(step=0)
    with pytest.raises(RequestError, match=r"^plan\.margin: "):
        Plan(margin=0)


def test_a_constant_schedule_has_no_steps() -> None:
    sentence = "recipe.schedule.step: expected the schedule step, which alone has it, got 3 for constant"
    with pytest.raises(RequestError) as error:
        Study(recipe={"schedule": {"name": "constant", "step": 3}})
    assert str(error.value) == sentence
    assert Schedule(name="constant").factor(30, 30) == 1


def test_nesterov_needs_momentum() -> None:
    sentence = "recipe.optimizer.nesterov: expected false, or a momentum greater than 0 beside it, got True"
    with pytest.raises(RequestError) as error:
        Study(**optimizer(nesterov=True, momentum=0))
    assert str(error.value) == sentence
    assert Optimizer(nesterov=True).nesterov


@pytest.mark.parametrize(
    ("name", "fits"), [("x" * 200, True), ("漢" * 66, True), ("x" * 201, False), ("漢" * 67, False)]
)
def test_a_name_fits_into_a_folders_name(tmp_path: Path, name: str, fits: bool) -> None:
    if fits:
        (tmp_path / Study(name=name).name).mkdir()
    else:
        with pytest.raises(RequestError, match=r"^name: expected a folder's name: at most 200 bytes"):
            Study(name=name)


@pytest.mark.parametrize(
    ("data", "model", "name"),
    [
        ("digits", "cnn", "digits-cnn"),
        ("/some/where/pets/", "cnn", "pets-cnn"),
        ("hub:owner/pets", "lenet5", "pets-lenet5"),
        ("pets.npz", "my.module:Net", "pets.npz-Net"),
        ("/", "cnn", "data-cnn"),
        (".hidden", "cnn", "hidden-cnn"),
        ("x" * 300, "cnn", "x" * 200),
        ("x" * 199 + "漢", "cnn", "x" * 199),
    ],
)
def test_default_names(data: str, model: str, name: str) -> None:
    assert default_name(data, model) == name
