"""How trackers are written, for the help of `run` and `export`."""

from __future__ import annotations

__all__ = ["TRACKER_FORMS"]

TRACKER_FORMS = (
    "tensorboard[:FOLDER], mlflow[:TRACKING_URI], wandb[:[ENTITY/]PROJECT], csv:FILE, jsonl:FILE, or module:callable, "
    "a tracker of your own"
)
