"""From what the store keeps of a trial to what trackers are told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from typing import Any

from lossbench.errors import StoreError
from lossbench.results.outputs import Outputs
from lossbench.spec import OwnMetric, Trial
from lossbench.store import Row, Store
from lossbench.store.kept import Kept
from lossbench.tracking.tracker import Ended, Parameter, Point, TrackedTrial, Tracker

__all__ = ["ended_in", "points_of", "tell_whole", "tracked"]

_SPLITS = ("test", "validation")  # whose last logits are kept


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


def tell_whole(tracker: Tracker, trial: TrackedTrial, rows: Sequence[Row], ended: Ended) -> None:
    """Tells a tracker all of a trial that has ended, in the place of whatever it had of it."""
    tracker.begin(trial, ended.started)
    points = points_of(rows)
    if points:
        tracker.log(trial, points)
    tracker.end(trial, ended)


def ended_in(store: Store, key: str, own: Mapping[str, str] | None = None) -> tuple[tuple[Row, ...], Ended]:
    """The history of a trial that has ended, and how it did.

    Args:
        store: the save dir.
        key: the trial's.
        own: the study's own metrics, the digest of the source of each by its path; nothing of theirs is imported.

    Raises:
        StoreError: its files are damaged.
    """
    kept = store.kept(key)
    rows, outcome, provenance = kept.history(), kept.outcome(), kept.provenance
    last = points_of(rows)[-1:]
    late = _late(kept, rows, own or {}) if outcome["status"] == "finished" else {}
    return rows, Ended(
        status=outcome["status"],
        reason=str(outcome["reason"]),
        metrics={**last[0].metrics, **late} if last else {},
        started=_time(provenance.get("started")),
        ended=_time(provenance.get("ended")),
        epoch=last[0].epoch if last else 0,
        late=late,
    )


def _late(kept: Kept, rows: Sequence[Row], own: Mapping[str, str]) -> dict[str, float]:
    """What only the last logits say, by `split/metric`; of the user's own metrics those that were computed."""
    outputs, found = Outputs(kept.logits(), rows), dict[str, float]()
    for split in _SPLITS:
        if f"{split}.last" in outputs.tensors:
            columns = outputs.logit_columns(split).items()
            found |= {f"{split}/{name}": value for name, value in columns if value is not None}
    for path, source in own.items():
        with suppress(StoreError):  # a damaged value is computed again by the next run
            measured = kept.metric(path, source)
            values = measured.values if measured is not None else {}
            found |= {f"{split}/{OwnMetric(path).name}": value for split, value in values.items()}
    return found


def _time(text: object) -> datetime | None:
    """A time out of a provenance, which may be anybody's."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
