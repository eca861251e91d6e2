"""Metrics of the user's own as a study writes them."""

from __future__ import annotations

from typing import Any

import pytest

from lossbench.errors import RequestError
from lossbench.spec import OwnMetric, Plan, Study, own_metrics


@pytest.mark.parametrize(
    ("text", "path", "name", "lower", "printed"),
    [
        ("costs:cost", "costs:cost", "cost", False, "costs:cost"),
        (" costs:cost ,lower  is better", "costs:cost", "cost", True, "costs:cost, lower is better"),
        ("a.b:C.cost, higher is better", "a.b:C.cost", "cost", False, "a.b:C.cost"),
    ],
)
def test_what_can_be_written(text: str, path: str, name: str, lower: bool, printed: str) -> None:
    metric = OwnMetric.parse(text)
    assert (metric.path, metric.name, metric.lower, str(metric)) == (path, name, lower, printed)
    assert OwnMetric.parse(printed) == metric


@pytest.mark.parametrize("text", ["cost", "costs:", ":cost", "costs:cost(2)", "costs:cost, less is better", "a b:c", 3])
def test_what_cannot(text: object) -> None:
    with pytest.raises(RequestError, match=r"plan\.metrics: expected module:function, or 'module:function, lower is"):
        Study(plan={"metrics": [text]})


@pytest.mark.parametrize("name", ["accuracy", "auroc", "seed", "memorised"])
def test_a_name_that_stands_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match=f"whose name stands for nothing else in the tables, as {name} does"):
        Study(plan={"metrics": [f"mine:{name}"]})


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(RequestError, match=r"functions of different names, got a:cost and b:cost"):
        Study(plan={"metrics": ["a:cost", "b:cost"]})


def test_a_study_without_any_is_what_it_was() -> None:
    assert "metrics" not in Study().canonical()["plan"]
    assert Study(plan={"metrics": []}) == Study()


def test_the_plan_may_speak_of_them() -> None:
    plan = {
        "metrics": "mine:cost, lower is better",
        "metric": "test.cost",
        "hypotheses": ["test.cost: l1 > cross_entropy", "validation.cost: lowest l1", "test.auroc: highest l1"],
    }
    study = Study(plan=plan)
    assert study.plan.metric == "test.cost"
    assert list(own_metrics(study.canonical()["plan"])) == ["cost"]
    assert Study(**study.canonical()).canonical() == study.canonical()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"metric": "test.cost"}, "plan.metric: expected one of 'test.accuracy', "),
        ({"metrics": ["a:b"], "metric": "test.c"}, "'test.auroc' or 'test.b', got test.c"),
        ({"hypotheses": "test.cost: l1 > mae"}, "few, top5 or auroc after the dot, got test.cost"),
        ({"metrics": ["a:b"], "hypotheses": "test.c: l1 > mae"}, "few, top5, auroc or b after the dot, got test.c"),
        ({"metrics": ["a:b"], "hypotheses": "train.b: l1 > mae"}, "memorised or corrected after the dot, got train.b"),
    ],
)
def test_it_may_not_speak_of_others(plan: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError) as raised:
        Plan(**plan)
    assert said in str(raised.value)
