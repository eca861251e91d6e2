"""Studies whose weights were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lossbench
from tuning_makers import small, written


def kept_study(folder: Path, **changes: Any) -> Path:
    """Runs a study on sixty made pictures of three classes, eight pixels wide; gives the save dir."""
    study = small(written(folder / "data"), **{"losses": ["cross_entropy", "bce"], "models": "cnn", **changes})
    lossbench.run(study, folder / "log", executor="inline", keep_weights=True)
    return folder / "log"


OWN_MODEL = """
from torch import nn


def net(num_classes, in_channels):
    return nn.Sequential(nn.Flatten(), nn.Linear(64 * in_channels, num_classes))
"""
"""A module of a user's own."""
