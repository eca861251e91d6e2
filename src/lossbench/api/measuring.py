"""Values of a study's own metrics: computed from the logits that trials stored, so that nothing is trained for one.

Only running a study does this; whoever reads its results finds the values and imports nothing (law 10).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable
from typing import Any

import numpy as np
import torch

from lossbench.errors import StoreError, shown, told
from lossbench.imports import import_own, settings_kept, source_digest, working_directory_on_path
from lossbench.results.own_columns import own_columns
from lossbench.rng import torch_stream
from lossbench.run import one_thread
from lossbench.spec import OwnMetric, Plan
from lossbench.store import Measured, Store, StudyFolder
from lossbench.store.kept import Kept

__all__ = ["measure_missing", "metric_digests", "unmeasured"]

_FIELD = "plan.metrics"
_SPLITS = ("test", "validation")


def metric_digests(plan: Plan) -> dict[str, str]:
    """The digest of the source of each of a plan's own metrics, by its path.

    Raises:
        RequestError: one cannot be imported, or is not callable.
    """
    return {metric.path: source_digest(metric.path, _FIELD) for metric in map(OwnMetric.parse, plan.metrics or ())}


def measure_missing(store: Store, folders: Iterable[StudyFolder], of: Container[str]) -> None:
    """Computes what finished trials lack of their study's own metrics, and keeps it beside them.

    What a metric raised, or that its value is no finite number, is kept as the reason, and tried again by the next run.

    Args:
        store: the save dir.
        folders: of the study's conditions.
        of: the keys of the trials that are looked at.

    Raises:
        RequestError: a metric cannot be imported any more.
        SaveDirError: the store cannot be written.
    """
    for folder in folders:
        for metric in map(OwnMetric.parse, folder.study.plan.metrics or ()):
            function, source = import_own(metric.path, _FIELD), folder.data["metric_digests"][metric.path]
            for key in folder.trials.values():
                if key in of and _lacks(store, key, metric.path, source):
                    _measure(store, key, function, metric.path, source)


def unmeasured(
    store: Store, folders: Iterable[StudyFolder], of: Container[str]
) -> tuple[tuple[str, int, str, str], ...]:
    """(loss, seed, metric, reason) of every value of a study's own metrics that finished trials lack.

    Args:
        store: the save dir.
        folders: of the study's conditions.
        of: the keys of the trials that are looked at.
    """
    found: list[tuple[str, int, str, str]] = []
    for folder in folders:
        trials = folder.trials.items() if folder.study.plan.metrics else ()
        for (loss, seed), key in trials:
            if key in of and store.status(key) == "finished":
                _, lost = own_columns(store.kept(key), folder)
                found += [(loss, seed, name, reason) for name, reason in lost.items()]
    return tuple(found)


def _lacks(store: Store, key: str, path: str, source: str) -> bool:
    """Whether a trial finished, and its value is missing, damaged or could not be computed before."""
    try:
        if not store.finished(key) or store.outcome(key)["status"] != "finished":
            return False
        found = store.kept(key).metric(path, source)
    except StoreError:
        return True
    return found is None or bool(found.reason)


def _measure(store: Store, key: str, function: Callable[..., Any], path: str, source: str) -> None:
    kept = store.kept(key)
    try:
        values, reason = _values(kept, function)
        store.put_metric(key, Measured(path, source, kept.logits_digest, values, reason))
    except StoreError:  # the trial's own files are damaged, which the results say
        return


def _values(kept: Kept, function: Callable[..., Any]) -> tuple[dict[str, float], str]:
    """The value of each split that has last logits, or none and why."""
    tensors = kept.logits()
    values = {}
    for split in _SPLITS:
        logits = tensors.get(f"{split}.last")
        if logits is None:
            continue
        try:
            values[split] = _value(function, logits, tensors[f"{split}.target"])
        except (Exception, SystemExit) as error:  # whatever a user's own code raises
            return {}, shown(told(error), limit=500)
        if not math.isfinite(values[split]):
            return {}, f"its value on the {split} split is {values[split]}"
    return values, ""


def _value(function: Callable[..., Any], logits: np.ndarray, target: np.ndarray) -> float:
    """What a metric gives for copies, which it may change."""
    with working_directory_on_path(), settings_kept(), one_thread(), torch_stream(0, "own metric"):
        given = function(torch.from_numpy(logits.copy()), torch.from_numpy(target.copy()))
        if isinstance(given, str | bytes):
            raise TypeError(f"it gave text, {shown(given)}, and not a number")
        return float(given)
