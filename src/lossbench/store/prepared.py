"""What a scenario drew, kept so that anyone can see that every loss at a seed was given the same."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping

import numpy as np

from lossbench.data import Part
from lossbench.spec import Trial, canonical_json

__all__ = ["prepared_bytes", "prepared_name"]

_NAME_LENGTH = 24  # hex digits
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can hold
_UNIX = 3


def prepared_name(trial: Trial) -> str:
    """The file's name: a digest of all that decides what is drawn. Empty where a scenario draws nothing."""
    scenario = trial.scenario.canonical()
    del scenario["data"]
    split_seed = scenario.pop("split_seed", trial.seed)
    if not scenario:
        return ""
    label_noise = trial.digests.get("label_noise")
    text = canonical_json([scenario, split_seed, label_noise, trial.versions.get("data")])
    return f"{hashlib.sha256(text.encode()).hexdigest()[:_NAME_LENGTH]}.npz"


def prepared_bytes(parts: Mapping[str, Part]) -> bytes:
    """The splits that come from the training split as .npz, the same bytes for the same splits.

    Returns:
        `train_rows`, `train_labels`, `train_clean`, as `Part` has them, and with a validation split `validation_rows`
        and so on; whole numbers in the smallest type that holds them.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:  # compressed, it would depend on who compresses
        for name, part in parts.items():
            for kind in ("rows", "labels", "clean") if name != "test" else ():
                member = zipfile.ZipInfo(f"{name}_{kind}.npy", _LONG_AGO)
                member.create_system = _UNIX
                file.writestr(member, _npy(getattr(part, kind)))
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    smallest = np.min_scalar_type(int(array.max(initial=0))).newbyteorder("<")
    buffer = io.BytesIO()
    np.save(buffer, array.astype(smallest), allow_pickle=False)
    return buffer.getvalue()
