"""What is done to the training data, as it is written."""

from __future__ import annotations

from typing import Any

import pytest

from lossbench.errors import RequestError
from lossbench.spec import Imbalance, Noise, Scenario


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("clean", {}),
        ("clean()", {}),
        ("validation(0.1)", {"validation": 0.1}),
        (" validation( .25 ) ", {"validation": 0.25}),
        ("validation(0.1, split_seed=3)", {"validation": 0.1, "split_seed": 3}),
        ("validation(0.1, split_seed=0)", {"validation": 0.1, "split_seed": 0}),
        ("validation(1e-3)", {"validation": 0.001}),
        ("train_size(0.1)", {"train_size": 0.1}),
        ("train_size(5000)", {"train_size": 5000.0}),
        ("noise(symmetric, 0.4)", {"label_noise": Noise(kind="symmetric", rate=0.4)}),
        ("noise(pair, .2, split_seed=7)", {"label_noise": Noise(kind="pair", rate=0.2), "split_seed": 7}),
        (
            "noise(asymmetric, 0.3, map='truck>automobile,bird >airplane')",
            {"label_noise": Noise(kind="asymmetric", rate=0.3, map="truck>automobile, bird >airplane")},
        ),
        ("noise(file, 'a b/worse.csv')", {"label_noise": Noise(kind="file", path="a b/worse.csv")}),
        (
            "noise(file, 'n.npz', column=worse)",
            {"label_noise": Noise(kind="file", path="n.npz", column="worse")},
        ),
        ("imbalance(exponential, 100)", {"imbalance": Imbalance(kind="exponential", factor=100)}),
        (
            "imbalance(step, 10, minority='cat, dog')",
            {"imbalance": Imbalance(kind="step", factor=10, minority="cat, dog")},
        ),
        (
            "noise(symmetric, 0.2) + validation(0.1, clean) + train_size(0.5) + imbalance(step, 10)",
            {
                "train_size": 0.5,
                "imbalance": Imbalance(kind="step", factor=10),
                "validation": 0.1,
                "validation_clean": True,
                "label_noise": Noise(kind="symmetric", rate=0.2),
            },
        ),
    ],
)
def test_scenarios(text: str, fields: dict[str, Any]) -> None:
    scenario = Scenario.parse(text, "digits")
    assert scenario == Scenario(data="digits", **fields)
    assert Scenario.parse(str(scenario), "digits") == scenario


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("clean()", "clean"),
        ("validation(.10)", "validation(0.1)"),
        ("validation(.1,split_seed=3.0)", "validation(0.1, split_seed=3)"),
        (
            "noise(symmetric,.2)+imbalance(exponential,100.0)",
            "imbalance(exponential, 100) + noise(symmetric, 0.2)",
        ),
        ("noise(pair, 0.2, split_seed=1)+train_size(0.1)", "train_size(0.1) + noise(pair, 0.2, split_seed=1)"),
        ("imbalance(step, 10, minority=cat)", "imbalance(step, 10, minority=cat)"),
    ],
)
def test_a_scenario_is_printed_in_one_form(written: str, printed: str) -> None:
    assert str(Scenario.parse(written, "d")) == printed


def test_where_a_file_of_labels_lay_is_not_in_the_canonical_form() -> None:
    here, there = (Scenario.parse(f"noise(file, '{path}', column=w)", "d") for path in ("a.npz", "b.npz"))
    assert here != there
    assert here.canonical() == there.canonical()


def test_scenarios_without_the_new_parts_keep_their_canonical_form() -> None:
    assert Scenario.parse("validation(0.1, split_seed=3)", "d").canonical() == {
        "data": "d",
        "validation": 0.1,
        "split_seed": 3,
    }


NOISE = (
    "noise(symmetric, RATE), noise(asymmetric, RATE), noise(pair, RATE), noise(instance, RATE), "
    "with map='class>class, ...' for asymmetric where wanted, or noise(file, 'PATH')"
)
VALIDATION = "validation(SHARE), or validation(SHARE, clean) for one without label noise"
SEED = "split_seed=N in one part's parentheses, N a whole number"
IMBALANCE = "imbalance(exponential, FACTOR) or imbalance(step, FACTOR), with minority='class, class' where wanted"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("clean(1)", "scenarios: expected clean, got clean(1)"),
        ("clean(a=1)", "scenarios: expected clean, got clean(a=1)"),
        ("clean(split_seed=1)", f"scenarios: expected {SEED}, got clean(split_seed=1)"),
        ("clean + validation(0.1)", "scenarios: expected each part once, and clean alone, got clean + validation(0.1)"),
        (
            "noise(pair, 0.1) + noise(pair, 0.2)",
            "scenarios: expected each part once, and clean alone, got noise(pair, 0.1) + noise(pair, 0.2)",
        ),
        (
            "noisy(0.1)",
            "scenarios: expected one of clean, imbalance, noise, train_size, validation, got noisy "
            "(did you mean noise?)",
        ),
        ("validation", f"scenarios: expected {VALIDATION}, got validation"),
        ("validation(share=0.1)", f"scenarios: expected {VALIDATION}, got validation(share=0.1)"),
        ("validation(0.1, 0.2)", f"scenarios: expected {VALIDATION}, got validation(0.1, 0.2)"),
        ("validation(x)", f"scenarios: expected {VALIDATION}, got validation(x)"),
        ("validation(true)", f"scenarios: expected {VALIDATION}, got validation(true)"),
        ("validation(0.1, seed=1)", f"scenarios: expected {VALIDATION}, got validation(0.1, seed=1)"),
        ("validation(0.1, split_seed=1.5)", f"scenarios: expected {SEED}, got validation(0.1, split_seed=1.5)"),
        ("validation(0.1, split_seed=-1)", f"scenarios: expected {SEED}, got validation(0.1, split_seed=-1)"),
        ("validation(0.1, split_seed=none)", f"scenarios: expected {SEED}, got validation(0.1, split_seed=none)"),
        ("validation(0.1, split_seed=1e999)", f"scenarios: expected {SEED}, got validation(0.1, split_seed=1e999)"),
        (
            "noise(pair, 0.1, split_seed=1) + validation(0.1, split_seed=2)",
            f"scenarios: expected {SEED}, got noise(pair, 0.1, split_seed=1) + validation(0.1, split_seed=2)",
        ),
        ("validation(0)", "scenarios.validation: expected a number greater than 0, got 0.0"),
        ("validation(-0.5)", "scenarios.validation: expected a number greater than 0, got -0.5"),
        ("validation(1)", "scenarios.validation: expected a number less than 1, got 1.0"),
        ("validation(1e999)", "scenarios.validation: expected a finite number, got inf"),
        ("validation(", "scenarios: expected name or name(key=value, ...), got validation("),
        (
            "validation(0.1, clean)",
            "scenarios.validation: expected a validation split and label noise beside `clean`: without noise every "
            "validation split is clean, got clean",
        ),
        ("train_size(0)", "scenarios.train_size: expected a number greater than 0, got 0.0"),
        (
            "train_size(1.5)",
            "scenarios.train_size: expected a share below 1, or a whole number of at least 2, got 1.5",
        ),
        ("noise(symmetric)", f"scenarios: expected {NOISE}, got noise(symmetric)"),
        ("noise(symetric, 0.1)", f"scenarios: expected {NOISE}, got noise(symetric, 0.1)"),
        ("noise(symmetric, 0.1, map='a>b')", f"scenarios: expected {NOISE}, got noise(symmetric, 0.1, map='a>b')"),
        ("noise(pair, 0.1, column=a)", f"scenarios: expected {NOISE}, got noise(pair, 0.1, column=a)"),
        ("noise(file, 0.4)", f"scenarios: expected {NOISE}, got noise(file, 0.4)"),
        ("noise(symmetric, 1)", "scenarios.noise.rate: expected a number less than 1, got 1.0"),
        ("noise(symmetric, 0)", "scenarios.noise.rate: expected a number greater than 0, got 0.0"),
        ("imbalance(linear, 2)", f"scenarios: expected {IMBALANCE}, got imbalance(linear, 2)"),
        ("imbalance(step, 1)", "scenarios.imbalance.factor: expected a number greater than 1, got 1.0"),
    ],
)
def test_a_scenario_that_is_none(text: str, sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        Scenario.parse(text, "digits")
    assert str(error.value) == sentence


@pytest.mark.parametrize("path", ["a(b.csv", "a) + b.csv", "it's + (1).csv", '"(.npz', "\\", "a\nb", "#", "clean"])
def test_any_file_of_labels_can_be_written(path: str) -> None:
    scenario = Scenario(data="d", validation=0.1, label_noise=Noise(kind="file", path=path))
    assert Scenario.parse(str(scenario), "d") == scenario
