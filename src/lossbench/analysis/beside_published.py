"""A study's results beside the published table that it names: each number, and the order of the losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from scipy import stats

from lossbench.analysis.joint import joint_interval
from lossbench.analysis.published_types import Against, BesidePublished, Ordering
from lossbench.analysis.types import Estimate
from lossbench.errors import RequestError
from lossbench.metrics import LOWER_IS_BETTER
from lossbench.published import Differs, Published, Reported, differences, published
from lossbench.results import LossView, Results
from lossbench.spec import Arm, LossSpec, Scenario, print_value

__all__ = ["beside_published"]

_LOWER = LOWER_IS_BETTER | {"ece_calibrated"}


def beside_published(results: Results, estimates: Iterable[Estimate]) -> BesidePublished | None:
    """Every number that both have; None where the study names no table.

    A number counts for the scenario whatever share of the training data is used, and for the study whatever its
    recipe, model and data are: what differs of these is part of the answer.

    Args:
        results: of one model, scenario and recipe.
        estimates: of these results.

    Raises:
        UnknownNameError: the study names a table that there is not.
    """
    name = results.study.get("published")
    if name is None or results.external:
        return None
    table = published(name)
    scenario = Scenario.parse(results.study["scenarios"][0], results.study["data"])
    reported = table.under(scenario)
    found = {(e.loss, f"{e.split}.{e.metric}"): e for e in estimates if e.overall}
    rows = tuple(_rows(results.losses, reported, found))
    return BesidePublished(table, rows, tuple(_orderings(rows)), _differs(results, table, reported))


def _rows(
    losses: Sequence[LossView], reported: Sequence[Reported], found: Mapping[tuple[str, str], Estimate]
) -> Iterator[Against]:
    for view in losses:
        for row in reported:
            estimate = found.get((view.label, row.metric))
            if estimate is not None and _same_loss(view, row.loss):
                yield _against(view, row, estimate)


def _against(view: LossView, row: Reported, estimate: Estimate) -> Against:
    n, mean = len(estimate.seeds), estimate.mean
    overrides = ", ".join(f"{name}={print_value(value)}" for name, value in view.overrides.items())
    if mean is None:
        return Against(view.label, row, None, None, n, None, None, None, "none", overrides)
    low, high, basis = joint_interval((mean, estimate.sd, n), (row.mean, row.sd, row.runs))
    return Against(view.label, row, mean, estimate.sd, n, mean - row.mean, low, high, basis, overrides)


def _same_loss(view: LossView, published_as: str) -> bool:
    """Whether a loss is the published one: what that names is so, and it names nothing else itself.

    So `gce` is `gce(q=0.7)`, whose default that is, and `gce(q=0.5)` is not.
    """
    try:
        own = Arm.parse(view.label).loss
    except RequestError:  # a loss of the user's own
        return False
    named = dict(LossSpec.parse(published_as).hyperparameters)
    if own.name != LossSpec.parse(published_as).name or not {key for key, _ in own.hyperparameters} <= set(named):
        return False
    return all(view.hyperparameters.get(key) == value for key, value in named.items())


def _orderings(rows: Sequence[Against]) -> Iterator[Ordering]:
    for metric in dict.fromkeys(row.reported.metric for row in rows):
        both: dict[str, Against] = {}  # a loss that the study has in two spellings counts once
        for row in rows:
            if _counts(row, metric):
                both.setdefault(row.reported.loss, row)
        if len(both) > 1:
            yield _ordering(metric, tuple(both.values()))


def _counts(row: Against, metric: str) -> bool:
    return row.reported.metric == metric and row.mean is not None and not row.overrides


def _ordering(metric: str, rows: tuple[Against, ...]) -> Ordering:
    sign = 1 if metric.partition(".")[2] in _LOWER else -1
    ranked = sorted(rows, key=lambda row: sign * row.reported.mean)
    theirs, ours = [sign * row.reported.mean for row in ranked], [sign * (row.mean or 0.0) for row in ranked]
    tau = float(stats.kendalltau(theirs, ours).statistic)
    places = [(i, j) for i, j in combinations(range(len(ranked)), 2) if theirs[i] < theirs[j] and ours[i] > ours[j]]
    otherwise = tuple((ranked[i].loss, ranked[j].loss) for i, j in places)
    return Ordering(metric, tuple(row.loss for row in ranked), None if tau != tau else tau, otherwise)


def _differs(results: Results, table: Published, reported: Sequence[Reported]) -> tuple[Differs, ...]:
    if table.setting is None or not reported:
        return ()
    data = results.data
    return differences(table.setting, results.study, reported[0].scenario, data=data.name, test=data.test)
