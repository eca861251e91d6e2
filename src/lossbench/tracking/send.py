"""Sending what the store has of a study to a tracker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from lossbench.errors import StoreError, TrackerError, shown, told
from lossbench.files import read_regular
from lossbench.spec import Trial
from lossbench.store import Row, Store, StudyFolder
from lossbench.tracking.named import Opened
from lossbench.tracking.tracker import Concluded, Ended, TrackedTrial
from lossbench.tracking.trials import ended_in, tell_whole, tracked

__all__ = ["Sent", "send"]


@dataclass(frozen=True)
class Sent:
    """What a tracker was sent.

    Args:
        trials: how many.
        missing: how many are not there yet: never begun, or being trained.
        damaged: a sentence for each whose files are damaged.
    """

    trials: int
    missing: int
    damaged: tuple[str, ...]


def send(store: Store, whole: StudyFolder, opened: Opened, concluded: Concluded | None = None) -> Sent:
    """Sends every trial of a study that has ended, be it that it failed, and what the study came to.

    Args:
        store: the save dir.
        whole: the study's folder.
        opened: where to.
        concluded: what it came to; None where it has no report.

    Raises:
        StoreError: a file of the study is missing or damaged.
        TrackerError: the tracker raised.
    """
    tracker, sent, missing, damaged = opened.tracker, 0, 0, []
    for key, place in _trials(store, whole).items():
        try:
            found = _read(store, key, place)
        except StoreError as error:
            damaged.append(str(error))
            continue
        if found is None:
            missing += 1
            continue
        with _telling(opened, sent):
            tell_whole(tracker, *found)
        sent += 1
    with _telling(opened, sent):
        if concluded is not None:
            tracker.conclude(concluded)
        tracker.close()
    return Sent(sent, missing, tuple(damaged))


@dataclass(frozen=True)
class _Place:
    """Where a trial stands in its study."""

    study: str
    data: str
    loss_function: str
    condition: str
    own: Mapping[str, str]  # the study's own metrics, as `ended_in` has them


def _trials(store: Store, whole: StudyFolder) -> dict[str, _Place]:
    """A study's trials by their keys; one that two conditions share stands where it comes first."""
    conditions, found = tuple(whole.places), dict[str, _Place]()
    for condition, path in whole.places.items():
        folder, words = StudyFolder.read(store, path), condition.told(conditions)
        own = folder.data.get("metric_digests", {})
        for (label, _), key in folder.trials.items():
            found.setdefault(key, _Place(whole.study.name, folder.data["name"], label, words, own))
    return found


def _read(store: Store, key: str, place: _Place) -> tuple[TrackedTrial, tuple[Row, ...], Ended] | None:
    """What the store has of a trial that has ended or failed; None of any other.

    Raises:
        StoreError: its files are damaged.
    """
    if store.finished(key):
        content = store.kept(key).read("trial.json")
        rows, ended = ended_in(store, key, place.own)
    elif store.status(key) == "failed":
        content = _regular(store, key)
        rows, ended = (), Ended("failed", store.reason(key))
    else:
        return None
    trial = Trial.from_canonical(json.loads(content))
    return tracked(trial, place.study, place.data, place.loss_function, place.condition), rows, ended


def _regular(store: Store, key: str) -> bytes:
    path = store.trial_folder(key) / "trial.json"
    try:
        return read_regular(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror})") from None


@contextmanager
def _telling(opened: Opened, sent: int) -> Iterator[None]:
    """Whatever a tracker raises becomes one sentence."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        why = shown(told(error), 500)
        raise TrackerError(
            f"{opened.spec} took {sent} trials and then failed ({why}); what it has may be sent again"
        ) from error
