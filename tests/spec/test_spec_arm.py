"""Losses with a recipe of their own, and the conditions that losses are compared within."""

from __future__ import annotations

from typing import Any

import pytest

from lossbench.errors import RequestError
from lossbench.spec import FIXED, TUNED, Arm, Condition, LossSpec, Recipe, Study, load_study, slugs


@pytest.mark.parametrize(
    ("written", "printed", "overrides"),
    [
        ("mae", "mae", ()),
        ("mae[lr=0.5]", "mae[lr=0.5]", (("lr", 0.5),)),
        (" focal(gamma=2.0) [ lr = 1e-2, batch_size=64 ] ", "focal(gamma=2)[batch_size=64, lr=0.01]", None),
        ({"loss": "mae", "lr": 0.5}, "mae[lr=0.5]", (("lr", 0.5),)),
        ({"loss": "mae", "nesterov": True}, "mae[nesterov=true]", (("nesterov", True),)),
        ("weighted_ce(weight=[1, 2])", "weighted_ce(weight=[1, 2])", ()),
        ("weighted_ce(weight=[1, 2])[lr=1]", "weighted_ce(weight=[1, 2])[lr=1]", (("lr", 1.0),)),
        (LossSpec("mae"), "mae", ()),
        ("my_module:Loss(a=1)[momentum=0]", "my_module:Loss(a=1)[momentum=0]", (("momentum", 0.0),)),
    ],
)
def test_an_arm_reads_back_as_itself(written: object, printed: str, overrides: object) -> None:
    arm = Arm.of(written)
    assert str(arm) == printed
    assert Arm.parse(str(arm)) == arm
    assert Arm.of(arm.written()) == arm
    if overrides is not None:
        assert arm.overrides == overrides


def test_an_arm_changes_the_recipe_and_nothing_else() -> None:
    base = Recipe(model="mlp", epochs=3)
    changed = Arm.parse("mae[lr=0.5, batch_size=64, weight_decay=1e-4]").recipe(base)
    assert (changed.optimizer.lr, changed.batch_size, changed.optimizer.weight_decay) == (0.5, 64, 1e-4)
    back = changed.model_copy(update={"optimizer": base.optimizer, "batch_size": base.batch_size})
    assert back == base
    assert Arm.parse("mae").recipe(base) is base


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("mae[]", "losses: expected a loss with its own recipe, as in {loss: mae, lr: 0.5} or mae[lr=0.5], got mae[]"),
        ("mae[0.5]", "losses: expected a loss with its own recipe, as in {loss: mae, lr: 0.5} or mae[lr=0.5], got mae"),
        ("mae]", "losses: expected name or name(key=value, ...), got mae]"),
        ("mae[lr=0]", "losses.mae.lr: expected a number greater than 0, got 0.0"),
        (
            "mae[epochs=3]",
            "losses.mae: expected one of batch_size, clip, lr, momentum, nesterov, weight_decay, got epochs",
        ),
        ("mae[batch_size=1.5]", "losses.mae.batch_size: expected a whole number, got 1.5"),
        ({"loss": "mae", "lr": None}, "losses.mae.lr: expected a number, or true or false, got None"),
        ({"lr": 1}, "losses: expected a loss with its own recipe, as in {loss: mae, lr: 0.5} or mae[lr=0.5], got {'lr"),
    ],
)
def test_an_arm_that_is_none(value: object, sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        Arm.of(value)
    assert str(error.value).startswith(sentence)


def test_together_with_the_studys_recipe_it_must_be_allowed() -> None:
    with pytest.raises(RequestError, match=r"recipe\.optimizer\.nesterov"):
        Study(losses=["l1[nesterov=true]"], recipe={"optimizer": {"momentum": 0}})


def made(**values: Any) -> Study:
    return Study(**({"name": "s", "losses": "l1, mae[lr=0.5]", "seeds": 2} | values))


def test_a_study_of_one_condition_is_its_own_part() -> None:
    study = made()
    (condition,) = study.conditions
    assert condition == Condition("cnn", "clean", FIXED)
    assert study.within(condition) is study
    assert condition.told(study.conditions) == ""


def test_every_model_on_every_scenario_in_every_recipe() -> None:
    tuned = {"l1": {"loss": "l1", "lr": 0.01}, "mae[lr=0.5]": "mae[lr=2]"}
    study = made(models=["cnn", "mlp"], scenarios=["clean", "noise(pair,.2)"], tuned=tuned)
    assert len(set(study.conditions)) == 8
    assert [str(c.recipe) for c in study.conditions] == [FIXED] * 4 + [TUNED] * 4
    last = study.within(study.conditions[-1])
    assert (last.models, last.recipe.model, last.scenarios) == (("mlp",), "mlp", ("noise(pair, 0.2)",))
    assert [str(arm) for arm in last.losses] == ["l1[lr=0.01]", "mae[lr=2]"]
    assert last.tuned is None
    assert len(set(slugs(study.conditions).values())) == 8
    assert study.conditions[-1].told(study.conditions) == "mlp, noise(pair, 0.2), tuned recipe"


def test_a_conditions_folder_keeps_its_name_when_others_join() -> None:
    few = made(scenarios=["noise(pair, 0.2)", "clean"])
    many = made(scenarios=["clean", "noise(pair, 0.2)", "noise(pair, 0.4)"], models=["cnn", "mlp"])
    names = slugs(many.conditions)
    assert all(names[condition] == name for condition, name in slugs(few.conditions).items())


def test_scenarios_that_look_alike_have_folders_of_their_own() -> None:
    study = made(scenarios=["noise(asymmetric, 0.2, map='a>b')", "noise(asymmetric, 0.2, map='a b')"])
    assert sorted(slugs(study.conditions).values()) == [
        "cnn-noise-asymmetric-0.2-map-a-b",
        "cnn-noise-asymmetric-0.2-map-a-b-2",
    ]


def test_hypotheses_go_to_the_conditions_that_they_are_about() -> None:
    hypotheses = [
        "test.accuracy: l1 > mae[lr=0.5]",
        "noise(pair, 0.2) | test.accuracy: highest l1",
        "noise(pair, 0.9) | test.accuracy: highest l1",
    ]
    tuned = {"l1": "l1[lr=0.01]", "mae[lr=0.5]": "mae[lr=2]"}
    study = made(scenarios=["clean", "noise(pair, 0.2)"], plan={"hypotheses": hypotheses}, tuned=tuned)
    found = [study.within(condition).plan.hypotheses for condition in study.conditions]
    assert found == [
        (hypotheses[0], hypotheses[2]),
        (hypotheses[0], hypotheses[1]),
        ("test.accuracy: l1[lr=0.01] > mae[lr=2]",),
        ("test.accuracy: l1[lr=0.01] > mae[lr=2]", "noise(pair, 0.2) | test.accuracy: highest l1[lr=0.01]"),
    ]


def test_a_study_with_all_of_it_is_written_and_read_back(tmp_path: Any) -> None:
    study = made(
        losses=["l1", {"loss": "focal(gamma=2)", "lr": 0.5}],
        scenarios=["clean", "imbalance(step, 10, minority='a, b') + noise(symmetric, 0.2)"],
        models=["cnn", "mlp"],
        tuned={"l1": "l1", "focal(gamma=2)[lr=0.5]": "focal(gamma=1)[lr=0.1]"},
    )
    (tmp_path / "study.yaml").write_text(study.to_yaml(), encoding="utf-8")
    assert load_study(tmp_path / "study.yaml") == study
