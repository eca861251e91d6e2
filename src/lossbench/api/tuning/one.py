"""One condition out of a study: a loss is tuned for one model on one scenario."""

from __future__ import annotations

from collections.abc import Sequence

from lossbench.errors import RequestError, UnknownNameError
from lossbench.spec import Scenario, Study

__all__ = ["check_metric", "check_one", "one_condition"]

_EVERY_EPOCH = ("accuracy", "precision", "recall", "f1", "nll", "brier", "ece")


def one_condition(study: Study, model: str | None, scenario: str | None) -> Study:
    """The part of a study that belongs to one model and one scenario, as a study of its own.

    Args:
        study: what is tuned.
        model: which of its models; None where it has one.
        scenario: which of its scenarios; None where it has one.

    Raises:
        RequestError: the study has no such model or scenario, has several and none is chosen, or was tuned before.
    """
    if study.tuned is not None:
        raise RequestError("tuned", "a study that was not tuned yet", f"{study.name}, which has what tuning chose")
    if model is not None and model not in study.models:
        raise UnknownNameError("--model", model, study.models)
    written = None if scenario is None else _printed(scenario, study.data)
    if written is not None and written not in study.scenarios:
        raise RequestError("--scenario", f"one of the study's: {'; '.join(study.scenarios)}", written)
    left = [
        condition
        for condition in study.conditions
        if model in (None, condition.model) and written in (None, condition.scenario)
    ]
    _check_single("models", "--model", [condition.model for condition in left])
    _check_single("scenarios", "--scenario", [condition.scenario for condition in left])
    return study.within(left[0])


def check_one(study: Study) -> None:
    """Raises a RequestError unless a study has one model and one scenario, and was not tuned before."""
    one_condition(study, None, None)


def check_metric(study: Study) -> None:
    """Raises a RequestError unless the plan's metric is one that every evaluated epoch has, which tuning looks at."""
    if study.plan.metric.partition(".")[2] not in _EVERY_EPOCH:
        allowed = f"a metric that every epoch has, test.{', test.'.join(_EVERY_EPOCH)}, for losses are tuned by it"
        raise RequestError("plan.metric", allowed, study.plan.metric)


def _printed(scenario: str, data: str) -> str:
    try:
        return str(Scenario.parse(scenario, data))
    except RequestError as error:
        raise error.renamed("--scenario") from None


def _check_single(field: str, option: str, names: Sequence[str]) -> None:
    if len(set(names)) > 1:
        allowed = f"one, for losses are tuned for one model on one scenario; {option} chooses it"
        raise RequestError(field, allowed, "; ".join(dict.fromkeys(names)))
