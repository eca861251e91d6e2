"""Trackers: TensorBoard, MLflow, Weights & Biases, CSV, JSON lines. The store stays the source of truth."""

from lossbench.tracking.feed import Feed
from lossbench.tracking.named import KINDS, Opened, TrackerSpec, check_installed, open_tracker, parse_tracker
from lossbench.tracking.send import Sent, send
from lossbench.tracking.tracker import Concluded, Ended, Point, TrackedTrial, Tracker
from lossbench.tracking.trials import tracked

__all__ = [
    "KINDS",
    "Concluded",
    "Ended",
    "Feed",
    "Opened",
    "Point",
    "Sent",
    "TrackedTrial",
    "Tracker",
    "TrackerSpec",
    "check_installed",
    "open_tracker",
    "parse_tracker",
    "send",
    "tracked",
]
