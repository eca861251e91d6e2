"""What the files of a trial that ended hold, before any of them is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from lossbench.spec import Trial
from lossbench.store import files
from lossbench.store.kept import PROVENANCE, WEIGHTS, provenance_text
from lossbench.store.record import Record

__all__ = ["json_text", "trial_contents"]


def trial_contents(
    trial: Trial,
    record: Record,
    targets: Mapping[str, np.ndarray],
    provenance: Mapping[str, Any],
    weights: Mapping[str, np.ndarray] | None = None,
) -> dict[str, bytes | str]:
    """The files of a trial's folder by name, its provenance, which names the digests of the others, last.

    Args:
        trial: what was trained.
        record: what it gave.
        targets: the true classes of test and validation, each (n,).
        provenance: where and when it ran.
        weights: the last ones, where they are kept.
    """
    linked = {f"{name}.log_probabilities": values for name, values in record.log_probabilities.items()}
    logits = {**record.logits, **linked, **{f"{split}.target": target for split, target in targets.items()}}
    contents: dict[str, bytes | str] = {
        "trial.json": json_text(trial.canonical()),
        "history.csv": files.history_text(record.rows),
        "counts.npz": files.counts_bytes(record),
        "logits.safetensors": files.tensors_bytes(logits),
        "outcome.json": json_text(record.outcome()),
    }
    if weights is not None:
        contents[WEIGHTS] = files.tensors_bytes(weights)
    return {**contents, PROVENANCE: provenance_text(contents, provenance)}


def json_text(value: Any) -> str:
    """JSON as the files of a trial have it, for people to read, too."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
