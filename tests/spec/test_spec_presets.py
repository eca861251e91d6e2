"""The presets of published work: each a study that can be run, value for value what the papers say."""

from __future__ import annotations

import pytest

from lossbench.losses import complete
from lossbench.models import MODELS
from lossbench.spec import PRESETS, Scenario, Study


@pytest.mark.parametrize("preset", PRESETS)
def test_it_is_a_study_of_losses_and_models_that_there_are(preset: str) -> None:
    study = Study(**PRESETS[preset])
    assert study.data == "cifar10"
    assert set(study.models) <= set(MODELS)
    for arm in study.losses:
        assert complete(arm.loss).name == arm.loss.name


@pytest.mark.parametrize("preset", PRESETS)
def test_it_is_written_as_it_prints(preset: str) -> None:
    values = PRESETS[preset]
    study = Study(**values)
    assert [str(arm) for arm in study.losses] == values["losses"]
    assert list(study.scenarios) == values.get("scenarios", ["clean"])


def test_active_passive_is_the_recipe_of_ma_et_al() -> None:
    study = Study(**PRESETS["active-passive"])
    recipe = study.recipe
    assert (study.models, recipe.epochs, recipe.batch_size, recipe.clip) == (("cnn8",), 120, 128, 5.0)
    assert (recipe.optimizer.lr, recipe.optimizer.momentum, recipe.optimizer.weight_decay) == (0.01, 0.9, 1e-4)
    assert recipe.schedule.factor(1, 120) == 1.0
    assert recipe.schedule.factor(61, 120) == pytest.approx(0.5)  # half way down half a cosine
    rates = [noise.rate if (noise := Scenario.parse(s, "cifar10").label_noise) else 0 for s in study.scenarios]
    assert rates == [0, 0.2, 0.4, 0.6, 0.8]
    assert dict(study.losses[1].loss.hyperparameters) == {"gamma": 0.5, "detach": True}


def test_long_tail_is_the_recipe_of_cao_et_al() -> None:
    study = Study(**PRESETS["long-tail"])
    recipe = study.recipe
    assert (study.models, recipe.epochs, recipe.batch_size) == (("resnet32",), 200, 128)
    assert (recipe.optimizer.lr, recipe.optimizer.momentum, recipe.optimizer.weight_decay) == (0.1, 0.9, 2e-4)
    factors = [recipe.schedule.factor(epoch, 200) for epoch in (1, 5, 160, 161, 181)]
    assert factors == pytest.approx([0.2, 1, 1, 0.01, 1e-4])


def test_calibration_is_the_recipe_of_mukhoti_et_al() -> None:
    study = Study(**PRESETS["calibration"])
    recipe = study.recipe
    assert (study.models, recipe.epochs, recipe.batch_size) == (("resnet50",), 350, 128)
    assert (recipe.optimizer.lr, recipe.optimizer.momentum, recipe.optimizer.weight_decay) == (0.1, 0.9, 5e-4)
    factors = [recipe.schedule.factor(epoch, 350) for epoch in (1, 150, 151, 251)]
    assert factors == pytest.approx([1, 1, 0.1, 0.01])
    assert study.scenario.validation == 0.1  # temperature scaling takes a validation split
