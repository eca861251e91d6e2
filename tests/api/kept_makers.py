"""Studies whose weights were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

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


def made_vectors() -> dict[str, np.ndarray]:
    """Three classes of four features far from 0, which hardly vary, as the arrays of an .npz file."""
    generator = np.random.default_rng(3)
    labels = {"train": np.arange(60) % 3, "test": np.arange(30) % 3}
    made: dict[str, np.ndarray] = {}
    for split, y in labels.items():
        noise = generator.normal(0, 0.3, (len(y), 4))
        made[f"x_{split}"] = (1000 + y[:, np.newaxis] * [0.5, -0.5, 0.2, 0] + noise).astype(np.float32)
        made[f"y_{split}"] = y
    return made


def kept_vectors(folder: Path, **changes: Any) -> Path:
    """Runs a study on such vectors; gives the save dir."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "vectors.npz", **made_vectors())  # type: ignore[arg-type]  # NumPy's stubs take it for an option
    study = small(folder / "vectors.npz", **{"losses": ["cross_entropy", "bce"], **changes})
    lossbench.run(study, folder / "log", executor="inline", keep_weights=True)
    return folder / "log"
