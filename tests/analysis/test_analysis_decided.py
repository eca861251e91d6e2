"""What more seeds may still decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from analysis_makers import results

from lossbench.analysis import BEST, Analysis, Finding, Outcome, analyse, open_questions

FAR = {
    "a": dict(enumerate([0.80, 0.81, 0.80, 0.81, 0.80], start=1)),
    "b": dict(enumerate([0.70, 0.712, 0.70, 0.71, 0.70], start=1)),
    "c": dict(enumerate([0.60, 0.61, 0.602, 0.61, 0.60], start=1)),
}
CLOSE = {**FAR, "b": dict(enumerate([0.8001, 0.8102, 0.8, 0.8099, 0.8001], start=1))}
NOISY = {**FAR, "b": dict(enumerate([0.70, 0.90, 0.70, 0.90, 0.805], start=1))}


def finding(text: str, outcome: Outcome = "undecided") -> Finding:
    return Finding(text, outcome, "")


def found(values: dict[str, dict[int, float]], *findings: Finding) -> Analysis:
    return replace(analyse(results(values)), findings=findings)


def test_one_loss_above_all_others_is_known_to_be_best() -> None:
    assert open_questions(found(FAR)) == ()


def test_so_is_one_of_several_that_are_equivalent() -> None:
    assert {item.loss for item in found(CLOSE).standings if item.best} == {"a", "b"}
    assert open_questions(found(CLOSE)) == ()


def test_losses_that_are_neither_apart_nor_equivalent_leave_it_open() -> None:
    assert open_questions(found(NOISY)) == (BEST,)


def test_one_loss_alone_asks_nothing() -> None:
    assert open_questions(found({"a": {1: 0.9, 2: 0.8, 3: 0.7}})) == ()


def test_with_one_seed_it_is_open() -> None:
    assert open_questions(found({"a": {1: 0.9}, "b": {1: 0.1}})) == (BEST,)


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("test.accuracy: a > b", True),
        ("test.accuracy: a ~ b within 0.01 along training", True),
        ("test.accuracy: highest a", True),
        ("test.accuracy: a within 0.1 of 0.5", True),
        ("train.loss: a falls", False),
        ("train.loss: a rises monotonically", False),
        ("test.f1 follows test.recall", False),
    ],
)
def test_undecided_hypotheses_wait_for_seeds_where_seeds_can_tell(text: str, waits: bool) -> None:
    assert open_questions(found(FAR, finding(text))) == ((text,) if waits else ())


@pytest.mark.parametrize("outcome", ["supported", "contradicted", "not tested"])
def test_what_is_decided_does_not_wait(outcome: Outcome) -> None:
    assert open_questions(found(FAR, finding("test.accuracy: a > b", outcome))) == ()
