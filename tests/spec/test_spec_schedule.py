"""Schedule: held against torch's schedulers and against a published code's; what is refused and written."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from lossbench.errors import RequestError
from lossbench.spec import Recipe, Schedule, Study, load_study

EPOCHS = 12


def of_torch(kind: type[lr_scheduler.LRScheduler], **settings: Any) -> list[float]:
    """The learning rate of each epoch by a scheduler that is stepped after each, the first being 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = kind(optimizer, **settings)
    rates = []
    for _ in range(EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def factors(epochs: int = EPOCHS, **settings: Any) -> list[float]:
    schedule = Schedule(**settings)
    return [schedule.factor(epoch, epochs) for epoch in range(1, epochs + 1)]


AGAINST_TORCH: list[tuple[dict[str, Any], type[lr_scheduler.LRScheduler], dict[str, Any]]] = [
    ({}, lr_scheduler.StepLR, {"step_size": 5, "gamma": 0.5}),
    ({"step": 3, "gamma": 0.1}, lr_scheduler.StepLR, {"step_size": 3, "gamma": 0.1}),
    ({"name": "constant"}, lr_scheduler.ConstantLR, {"factor": 1.0}),
    ({"name": "multistep", "milestones": [4, 9]}, lr_scheduler.MultiStepLR, {"milestones": [4, 9]}),
    ({"name": "multistep", "milestones": [1, 2, 40], "gamma": 0.3}, lr_scheduler.MultiStepLR,
     {"milestones": [1, 2, 40], "gamma": 0.3}),
    ({"name": "cosine"}, lr_scheduler.CosineAnnealingLR, {"T_max": EPOCHS}),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "kind", "theirs"), AGAINST_TORCH, ids=lambda value: str(value)[:40])
def test_the_factors_are_torchs(
    ours: dict[str, Any], kind: type[lr_scheduler.LRScheduler], theirs: dict[str, Any]
) -> None:
    assert factors(**ours) == pytest.approx(of_torch(kind, **theirs), rel=1e-12, abs=1e-15)


def test_cosine_after_a_warm_up_is_torchs_over_the_rest() -> None:
    rest = of_torch(lr_scheduler.CosineAnnealingLR, T_max=EPOCHS - 4)
    assert factors(name="cosine", warmup=4) == pytest.approx([0.25, 0.5, 0.75, 1, *rest[: EPOCHS - 4]], rel=1e-12)


def adjusted(epoch: int, epochs: int = 200) -> float:
    """`adjust_learning_rate` of Cao et al.'s code, in its own words: epochs from 0, a rate of 1."""
    del epochs
    epoch += 1
    if epoch <= 5:
        return epoch / 5
    if epoch > 180:
        return 0.0001
    if epoch > 160:
        return 0.01
    return 1.0


def test_a_warm_up_with_milestones_is_the_published_codes() -> None:
    schedule = Schedule(name="multistep", milestones=(160, 180), gamma=0.01, warmup=5)
    ours = [schedule.factor(epoch, 200) for epoch in range(1, 201)]
    assert ours == pytest.approx([adjusted(epoch) for epoch in range(200)], rel=1e-12)


def test_a_warm_up_rises_to_the_schedules_own_factor() -> None:
    plain, warmed = factors(step=2), factors(step=2, warmup=6)
    assert warmed[6:] == plain[6:]
    assert warmed[:6] == pytest.approx([plain[e] * (e + 1) / 6 for e in range(6)])


@pytest.mark.parametrize("name", ["step", "constant", "multistep", "cosine"])
def test_every_factor_is_above_zero_and_at_most_one(name: str) -> None:
    for warmup in range(EPOCHS):
        milestones = [2, 30] if name == "multistep" else None
        values = factors(name=name, milestones=milestones, warmup=warmup)
        assert all(0 < value <= 1 for value in values)


def test_no_warm_up_is_one_however_written() -> None:
    assert Schedule(warmup=0) == Schedule(warmup=None) == Schedule()


def test_milestones_are_one_however_written() -> None:
    written: list[Any] = ["4, 9", [4, 9], (4, 9), ["4", 9]]
    assert {Schedule(name="multistep", milestones=each).milestones for each in written} == {(4, 9)}
    for alone in (7, "7", [7]):
        assert Schedule.model_validate({"name": "multistep", "milestones": alone}).milestones == (7,)


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ({}, {"name": "step", "step": 5, "gamma": 0.5}),
        ({"name": "constant"}, {"name": "constant", "step": 5, "gamma": 0.5}),
        ({"name": "constant", "warmup": 2}, {"name": "constant", "step": 5, "gamma": 0.5, "warmup": 2}),
        ({"name": "cosine"}, {"name": "cosine"}),
        ({"name": "multistep", "milestones": "8"}, {"name": "multistep", "gamma": 0.1, "milestones": [8]}),
    ],
    ids=str,
)
def test_what_is_written_decides_something_and_is_read_back(
    tmp_path: Any, values: dict[str, Any], written: dict[str, Any]
) -> None:
    assert Schedule(**values).canonical() == written
    study = Study(recipe={"schedule": values})
    path = tmp_path / "study.yaml"
    path.write_text(study.to_yaml(), encoding="utf-8")
    assert load_study(path) == study
    assert Study(recipe=study.recipe) == study


MILESTONES = "recipe.schedule.milestones: expected rising numbers of epochs, as in [80, 120]"
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"name": "linear"},
        "recipe.schedule.name: expected one of 'step', 'constant', 'multistep' or 'cosine', got linear",
    ),
    ({"name": "multistep"}, f"{MILESTONES}, for multistep, got None"),
    *(
        ({"name": "multistep", "milestones": wrong}, f"{MILESTONES}, got {wrong}")
        for wrong in ([], [9, 4], [4, 4], [0, 4], [-1], [1.5], [True], "4;9", "4,,9", "soon", 2.5, {"a": 1}, "9" * 50)
    ),
    (
        {"milestones": [4]},
        "recipe.schedule.milestones: expected the schedule multistep, which alone has it, got [4] for step",
    ),
    (
        {"name": "cosine", "step": 3},
        "recipe.schedule.step: expected the schedule step, which alone has it, got 3 for cosine",
    ),
    (
        {"name": "cosine", "gamma": 0.1},
        "recipe.schedule.gamma: expected the schedule step or multistep, which alone have it, got 0.1 for cosine",
    ),
    (
        {"name": "multistep", "milestones": 4, "step": 3},
        "recipe.schedule.step: expected the schedule step, which alone has it, got 3 for multistep",
    ),
    ({"warmup": -1}, "recipe.schedule.warmup: expected a number of at least 1, got -1"),
    ({"warmup": 1.5}, "recipe.schedule.warmup: expected a whole number, got 1.5"),
    ({"warmup": False}, "recipe.schedule.warmup: expected a whole number, got False"),
]


@pytest.mark.parametrize(("values", "sentence"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        Schedule(**values)
    assert str(error.value) == sentence


def test_a_warm_up_has_to_end() -> None:
    assert Recipe(epochs=3, schedule=Schedule(warmup=2)).schedule.warmup == 2
    with pytest.raises(RequestError) as error:
        Recipe(epochs=3, schedule=Schedule(warmup=3))
    assert str(error.value) == "recipe.schedule.warmup: expected less than the recipe's epochs (3), got 3"
