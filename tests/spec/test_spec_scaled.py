"""A study at a share of its training data."""

from __future__ import annotations

import pytest

from lossbench.errors import RequestError
from lossbench.spec import Scenario, Study, parse_hypothesis, scaled

WHOLE = Study(
    losses="cross_entropy, mae",
    scenarios=["clean", "noise(symmetric, 0.4)", "imbalance(exponential, 10) + validation(0.2)"],
    plan={
        "hypotheses": [
            "test.accuracy: cross_entropy > mae",
            "noise(symmetric, 0.4) | test.accuracy: mae > cross_entropy",
        ]
    },
)


def test_every_scenario_is_at_the_share_and_keeps_the_rest() -> None:
    smaller = scaled(WHOLE, 0.1)
    for before, after in zip(WHOLE.scenarios, smaller.scenarios, strict=True):
        old, new = (Scenario.parse(text, WHOLE.data) for text in (before, after))
        assert new.train_size == 0.1
        assert new.model_copy(update={"train_size": None}) == old
    assert smaller.recipe == WHOLE.recipe  # its epochs, above all


def test_it_reads_back_as_itself() -> None:
    smaller = scaled(WHOLE, 0.25)
    assert Study(**smaller.canonical()) == smaller


def test_a_hypothesis_about_a_scenario_is_about_the_scaled_one() -> None:
    smaller = scaled(WHOLE, 0.1)
    everywhere, noisy = map(parse_hypothesis, smaller.plan.hypotheses)
    assert everywhere.scenario is None
    assert noisy.scenario == smaller.scenarios[1]
    assert noisy.claim == parse_hypothesis(WHOLE.plan.hypotheses[1]).claim


@pytest.mark.parametrize("share", [0, 1, 1.5, -0.1, True, "0.1"])
def test_no_share_is_refused(share: object) -> None:
    with pytest.raises(RequestError, match="scale: expected a share of the training data"):
        scaled(WHOLE, share)


def test_a_train_size_of_its_own_is_refused() -> None:
    study = Study(scenarios=["train_size(100)"])
    with pytest.raises(RequestError, match=r"scale: expected scenarios without a train_size of their own, got train_s"):
        scaled(study, 0.5)
