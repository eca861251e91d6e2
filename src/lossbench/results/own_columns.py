"""The values of a study's own metrics, read back: nothing is imported, they were computed when the study was run."""

from __future__ import annotations

import math

from lossbench.errors import StoreError
from lossbench.spec import OwnMetric
from lossbench.store import StudyFolder
from lossbench.store.kept import Kept

__all__ = ["own_columns"]

_NOT_YET = "it was not computed; run the study again"


def own_columns(kept: Kept, folder: StudyFolder) -> tuple[dict[str, dict[str, float | None]], dict[str, str]]:
    """The values of one trial by split and name, and of those that are not there the reason by name.

    Args:
        kept: the trial's files.
        folder: the study's.
    """
    digests = folder.data.get("metric_digests", {})
    found: dict[str, dict[str, float | None]] = {}
    lost: dict[str, str] = {}
    for metric in map(OwnMetric.parse, folder.study.plan.metrics or ()):
        try:
            measured = kept.metric(metric.path, digests.get(metric.path, ""))
        except StoreError as error:
            lost[metric.name] = str(error)
            continue
        if measured is None or measured.reason:
            lost[metric.name] = _NOT_YET if measured is None else measured.reason
            continue
        for split, value in measured.values.items():
            found.setdefault(split, {})[metric.name] = value if math.isfinite(value) else None
    return found, lost
