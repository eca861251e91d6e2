"""Studies that lossbench ships: those of published work, each with the numbers that it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossbench.spec.presets.active_passive import ACTIVE_PASSIVE
from lossbench.spec.presets.calibration import CALIBRATION
from lossbench.spec.presets.course_report import COURSE_REPORT, COURSE_REPORT_IMBALANCE, FOUR_LOSSES
from lossbench.spec.presets.long_tail import LONG_TAIL

__all__ = ["FOUR_LOSSES", "PRESETS"]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "course-report": COURSE_REPORT,
    "course-report-imbalance": COURSE_REPORT_IMBALANCE,
    "active-passive": ACTIVE_PASSIVE,
    "long-tail": LONG_TAIL,
    "calibration": CALIBRATION,
}
