"""From what the store keeps of a trial to what trackers are told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from lossbench.spec import Trial
from lossbench.store import Row, Store
from lossbench.tracking.tracker import Ended, Parameter, Point, TrackedTrial

__all__ = ["ended_in", "points_of", "tracked"]


def tracked(trial: Trial, study: str, data: str, loss_function: str, condition: str = "") -> TrackedTrial:
    """What trackers are told of a trial.

    Args:
        trial: which.
        study: the study's name.
        data: the data set's name.
        loss_function: the loss as the study writes it.
        condition: in words; empty where the study has one.
    """
    told = trial.canonical()
    loss = told.pop("loss")
    parameters: dict[str, Parameter] = {"loss": loss.pop("name"), "data": data}
    parameters |= dict(_flat(loss, "loss")) | dict(_flat(told))
    return TrackedTrial(study, condition, loss_function, trial.seed, trial.key, parameters)


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Parameter]]:
    """Nested values by dotted names; lists as text."""
    for name, value in values.items():
        place = f"{above}.{name}" if above else name
        if isinstance(value, Mapping):
            yield from _flat(value, place)
        elif isinstance(value, Parameter):
            yield place, value
        elif value is not None:
            yield place, str(value)


def points_of(rows: Sequence[Row], after: int = 0) -> list[Point]:
    """The evaluated epochs of a trial's history that come after one."""
    evaluated = [row for row in rows if row.epoch > after]
    return [
        Point(epoch, {name: value for row in group for name, value in row.measured().items()})
        for epoch, group in groupby(evaluated, key=lambda row: row.epoch)
    ]


def ended_in(store: Store, key: str) -> tuple[tuple[Row, ...], Ended]:
    """The history of a trial that has ended, and how it did.

    Raises:
        StoreError: its files are damaged.
    """
    kept = store.kept(key)
    rows, outcome, provenance = kept.history(), kept.outcome(), kept.provenance
    points = points_of(rows)
    return rows, Ended(
        status=outcome["status"],
        reason=str(outcome["reason"]),
        metrics=points[-1].metrics if points else {},
        started=_time(provenance.get("started")),
        ended=_time(provenance.get("ended")),
    )


def _time(text: object) -> datetime | None:
    """A time out of a provenance, which may be anybody's."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
