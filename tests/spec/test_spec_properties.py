"""What is printed is read back, whatever it holds, and has one printed form."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

import spec_strategies as drawn
from lossbench.spec import (
    Arm,
    Augmentation,
    Hypothesis,
    LossSpec,
    Scenario,
    Study,
    load_study,
    parse_arms,
    parse_augmentation,
    parse_hypotheses,
    parse_hypothesis,
    parse_seeds,
    print_value,
    split_outside,
)


@given(drawn.losses())
def test_a_loss(loss: LossSpec) -> None:
    again = LossSpec.parse(str(loss))
    assert again == loss
    assert str(again) == str(loss)


@given(drawn.losses(), st.randoms(use_true_random=False), st.sampled_from(["", " ", "\t", "\n "]))
def test_neither_white_space_nor_the_order_of_hyperparameters_matters(loss: LossSpec, dice: Random, space: str) -> None:
    pairs = [f"{key}{space}={space}{print_value(value)}" for key, value in loss.hyperparameters]
    dice.shuffle(pairs)
    inside = f"{space},{space}".join(pairs)
    gap = space.strip("\n")
    assert LossSpec.parse(f"{space}{loss.name}{gap}({space}{inside}{space}){space}") == loss


@given(drawn.arms())
def test_an_arm(arm: Arm) -> None:
    assert Arm.parse(str(arm)) == arm
    assert Arm.of(arm.written()) == arm
    assert str(Arm.parse(f" {arm} ")) == str(arm)


@given(st.lists(drawn.arms(), min_size=1, max_size=4))
def test_losses_in_one_text(arms: list[Arm]) -> None:
    assert parse_arms(", ".join(map(str, arms))) == tuple(arms)


@given(drawn.scenarios(), st.randoms(use_true_random=False))
def test_a_scenario(scenario: Scenario, dice: Random) -> None:
    text = str(scenario)
    again = Scenario.parse(text, "digits")
    assert again == scenario
    assert str(again) == text
    parts = split_outside(text, "+")
    dice.shuffle(parts)
    assert Scenario.parse("+".join(parts), "digits") == scenario


@given(drawn.augmentations())
def test_augmentations(steps: tuple[Augmentation, ...]) -> None:
    assert parse_augmentation([str(step) for step in steps]) == steps
    assert parse_augmentation(" , ".join(map(str, steps))) == steps


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, unique=True))
def test_seeds(seeds: list[int]) -> None:
    assert parse_seeds(seeds) == tuple(seeds)
    assert parse_seeds(",".join(map(str, seeds)) + ",") == tuple(seeds)


@given(drawn.hypotheses())
def test_a_hypothesis(hypothesis: Hypothesis) -> None:
    text = str(hypothesis)
    assert parse_hypothesis(text) == hypothesis
    assert parse_hypotheses([text]) == (text,)
    assert parse_hypotheses([f"  {text}   # as expected"]) == (text,)


@given(drawn.hypotheses(), st.randoms(use_true_random=False))
def test_a_hypothesis_with_other_names_for_its_losses(hypothesis: Hypothesis, dice: Random) -> None:
    names = {label: f"renamed(a={number})" for number, label in enumerate(hypothesis.losses)}
    renamed = hypothesis.renamed(names)
    assert renamed.losses == tuple(names[label] for label in hypothesis.losses)
    assert parse_hypothesis(str(renamed)) == renamed


@given(drawn.studies())
def test_a_study_and_its_file(study: Study) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.yaml"
        path.write_text(study.to_yaml(), encoding="utf-8", newline="")
        again = load_study(path)
    assert again == study
    assert again.to_yaml() == study.to_yaml()
    assert Study(**study.canonical()) == study


@given(drawn.studies())
def test_every_condition_of_a_study_is_a_study_with_a_file(study: Study) -> None:
    for condition in study.conditions:
        part = study.within(condition)
        assert part.conditions == (part.conditions[0],)
        assert Study(**part.canonical()) == part
