"""Published tables: the numbers as they were published, and the settings that the presets repeat."""

from __future__ import annotations

from typing import Any

import pytest

from lossbench.errors import UnknownNameError
from lossbench.published import Setting, differences, names, published
from lossbench.spec import PRESETS, LossSpec, Scenario, Study

WITH_NUMBERS = ("active-passive", "calibration", "long-tail")

# test accuracy %, mean ± sd: clean, symmetric noise of 0.2, 0.4, 0.6, 0.8
NOISE = """
cross_entropy                 90.50±.35 75.47±.27 58.46±.21 39.16±.50 18.95±.38
focal(detach=true,gamma=0.5)  89.70±.24 74.50±.18 58.23±.40 38.69±.06 19.47±.74
gce(q=0.7)                    89.42±.21 86.87±.06 82.24±.25 68.43±.26 25.82±1.03
sce(alpha=0.1,beta=1)         91.30±.08 87.58±.05 79.47±.48 59.14±.07 25.88±.49
nce_mae                       89.02±.10 86.79±.28 83.60±.14 75.93±.41 46.96±.67
nce_rce                       91.03±.28 88.41±.24 85.13±.56 79.20±.06 55.28±1.26
nfl_rce                       91.08±.29 89.00±.23 85.90±.19 79.79±.52 55.47±2.73
"""

# test error %, ECE % before and after temperature scaling
CALIBRATION = """
cross_entropy                 4.95 4.35 1.35
brier                         5.0  1.82 1.08
mmce                          4.99 4.56 1.19
label_smoothing(epsilon=0.05) 5.29 2.96 1.67
focal(gamma=3)                5.25 1.48 1.42
flsd                          4.98 1.55 .95
"""

# test error %
LONG_TAIL = {
    "cross_entropy": 29.64,
    "focal(gamma=2)": 28.44,
    "class_balanced(beta=0.9999)": 29.52,
    "class_balanced_focal(beta=0.9999, gamma=1)": 24.80,
    "label_smoothing(epsilon=0.1)": 27.19,
    "ldam(max_margin=0.5, scale=30)": 26.34,
    "balanced_softmax": 22.46,
    "ldam_drw(defer=0.8, max_margin=0.5, scale=30)": 22.27,
}


def numbers(name: str) -> dict[tuple[str, str, str], tuple[float, float | None, int | None]]:
    rows = published(name).rows
    found = {(row.scenario, row.loss, row.metric): (row.mean, row.sd, row.runs) for row in rows}
    assert len(found) == len(rows)  # none stands there twice
    return found


def test_label_noise_is_as_published() -> None:
    scenarios = ["clean", *(f"noise(symmetric, {rate})" for rate in (0.2, 0.4, 0.6, 0.8))]
    expected = {}
    for line in NOISE.strip().splitlines():
        loss, *cells = line.split()
        for scenario, cell in zip(scenarios, cells, strict=True):
            mean, sd = (round(float(part) / 100, 6) for part in cell.split("±"))
            expected[scenario, str(LossSpec.parse(loss)), "test.accuracy"] = (mean, sd, 3)
    assert numbers("active-passive") == expected


def test_calibration_is_as_published() -> None:
    expected: dict[tuple[str, str, str], Any] = {}
    for line in CALIBRATION.strip().splitlines():
        loss, error, before, after = line.split()
        expected["validation(0.1)", loss, "test.accuracy"] = (round(1 - float(error) / 100, 6), None, None)
        expected["validation(0.1)", loss, "test.ece"] = (round(float(before) / 100, 6), None, None)
        expected["validation(0.1)", loss, "test.ece_calibrated"] = (round(float(after) / 100, 6), None, None)
    assert numbers("calibration") == expected


def test_the_long_tail_is_as_published() -> None:
    where = "imbalance(exponential, 100)"
    expected = {(where, loss, "test.accuracy"): (round(1 - e / 100, 6), None, None) for loss, e in LONG_TAIL.items()}
    assert numbers("long-tail") == expected


def test_the_course_report_has_claims_and_no_numbers() -> None:
    table = published("course-report")
    assert (table.rows, table.setting) == ((), None)
    assert "did not survive" in " ".join(table.notes)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_names_a_table(preset: str) -> None:
    assert published(str(Study(**PRESETS[preset]).published)).name in names()


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_a_preset_trains_what_its_table_has_in_the_published_setting(name: str) -> None:
    study, table = Study(**PRESETS[name]), published(name)
    assert {row.loss for row in table.rows} == {str(arm) for arm in study.losses}
    assert {row.scenario for row in table.rows} == set(study.scenarios)
    assert table.setting is not None
    for condition in study.conditions:
        values = study.within(condition).canonical()
        assert differences(table.setting, values, condition.scenario, data="cifar10", test=10_000) == ()


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_losses_and_scenarios_are_written_as_they_print(name: str) -> None:
    for row in published(name).rows:
        assert str(LossSpec.parse(row.loss)) == row.loss
        assert str(Scenario.parse(row.scenario, "cifar10")) == row.scenario


def test_another_name_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"published: expected one of active-passive, .*, got active"):
        published("active")


@pytest.mark.parametrize(
    ("scenario", "rows"),
    [
        ("clean", 7),
        ("noise(symmetric, 0.4)", 7),
        ("train_size(0.1) + noise(symmetric, 0.4)", 7),
        ("validation(0.1) + noise(symmetric, 0.4, split_seed=3)", 7),
        ("noise(symmetric, 0.5)", 0),
        ("noise(pair, 0.4)", 0),
        ("imbalance(step, 10) + noise(symmetric, 0.4)", 0),
    ],
)
def test_a_scenario_is_known_by_its_noise_and_imbalance(scenario: str, rows: int) -> None:
    assert len(published("active-passive").under(Scenario.parse(scenario, "cifar10"))) == rows


SETTING = Setting(
    "cifar10",
    10_000,
    "cnn8",
    {
        "epochs": 120,
        "optimizer": {"lr": 0.01, "weight_decay": 1e-4},
        "schedule": {"name": "multistep", "milestones": [60, 90], "gamma": 0.1},
        "augmentation": ["crop(4)", "flip"],
        "clip": 5,
    },
)


def differ(scenario: str = "clean", data: str = "cifar10", test: int = 10_000, **recipe: Any) -> list[str]:
    """What a study in SETTING but for some of its recipe does otherwise."""
    values = {**SETTING.recipe, **recipe}
    study = Study(data="cifar10", models=["cnn8"], losses=["mae"], scenarios=[scenario], recipe=values)
    return list(map(str, differences(SETTING, study.canonical(), "clean", data=data, test=test)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"eval_interval": 10, "precision": "fp32", "train_metrics": "running"}, []),
        ({"epochs": 12}, ["epochs 12 instead of 120"]),
        ({"batch_size": 64}, ["batch size 64 instead of 128"]),
        ({"augmentation": []}, ["augmentation none instead of crop(4) and flip"]),
        ({"clip": None}, ["greatest gradient norm none instead of 5"]),
        ({"mixup": 0.2}, ["mixup 0.2 instead of none"]),
        (
            {"optimizer": {"lr": 0.1, "weight_decay": 1e-4, "nesterov": True}},
            ["learning rate 0.1 instead of 0.01", "Nesterov momentum yes instead of none"],
        ),
        (
            {"schedule": {"name": "cosine"}},
            ["schedule cosine instead of multistep (gamma 0.1, milestones 60 and 90)"],
        ),
        ({"scenario": "train_size(0.1)"}, ["training data a share of 0.1 instead of all of it"]),
        ({"scenario": "train_size(5000)"}, ["training data 5,000 pictures instead of all of it"]),
        ({"scenario": "validation(0.2)"}, ["share held out for validation 0.2 instead of none"]),
        ({"data": "digits"}, ["data digits instead of cifar10"]),
        ({"test": 100}, ["test pictures 100 instead of 10,000"]),
    ],
)
def test_what_differs_is_said(changes: dict[str, Any], expected: list[str]) -> None:
    assert differ(**changes) == expected


def test_another_model_is_said() -> None:
    study = Study(data="cifar10", models=["mlp"], losses=["mae"], recipe=dict(SETTING.recipe))
    (found,) = differences(SETTING, study.canonical(), "clean", data="cifar10", test=10_000)
    assert (found.what, found.ours, found.theirs) == ("model", "mlp", "cnn8")
