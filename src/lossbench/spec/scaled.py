"""A study at a share of its training data: a first look at what the whole would cost days for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lossbench.errors import RequestError
from lossbench.spec.hypothesis_parser import parse_hypothesis
from lossbench.spec.scenario import Scenario
from lossbench.spec.study import Study

__all__ = ["scaled"]

_SHARE = "a share of the training data, a number greater than 0 and less than 1"


def scaled(study: Study, share: object, field: str = "scale") -> Study:
    """The study with every scenario at a share of its training data; epochs and everything else stay.

    Epochs stay because what such a look is for, that networks come to memorise wrong labels or a few pictures of a rare
    class, takes them. Its hypotheses are about the scaled scenarios.

    Args:
        study: one whose scenarios have no `train_size` of their own.
        share: greater than 0, less than 1.
        field: what a complaint is about.

    Raises:
        RequestError: the share is none, or a scenario has a `train_size` already.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise RequestError(field, _SHARE, share)
    smaller = {text: _smaller(text, study.data, float(share), field) for text in study.scenarios}
    hypotheses = tuple(_about(text, smaller) for text in study.plan.hypotheses)
    return study.model_copy(
        update={
            "scenarios": tuple(smaller.values()),
            "plan": study.plan.model_copy(update={"hypotheses": hypotheses}),
        }
    )


def _smaller(text: str, data: str, share: float, field: str) -> str:
    scenario = Scenario.parse(text, data)
    if scenario.train_size is not None:
        raise RequestError(field, "scenarios without a train_size of their own", text)
    return str(scenario.model_copy(update={"train_size": share}))


def _about(text: str, smaller: Mapping[str, str]) -> str:
    """A hypothesis, about the scaled scenario where it was about the whole."""
    hypothesis = parse_hypothesis(text, own=None)
    if hypothesis.scenario is None:
        return text
    return str(replace(hypothesis, scenario=smaller.get(hypothesis.scenario, hypothesis.scenario)))
