"""The value of a user's own metric for one trial, in a file of its own beside the trial's others.

It is no part of the trial: it may join later, and nothing is trained for it. It says of which source it is, and of
which logits.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lossbench.store.sealed import sealed, unsealed

__all__ = ["METRICS", "Measured", "measured_name", "measured_of", "measured_text"]

METRICS = "metrics"
"""The folder, in that of a trial."""

_NAME_LENGTH = 24  # hex digits


@dataclass(frozen=True)
class Measured:
    """What a metric gave.

    Args:
        path: `module:function`.
        source: the digest of its source.
        logits: the SHA-256 of the logits that it was given.
        values: by split, each finite.
        reason: why there is no value; empty where there is.
    """

    path: str
    source: str
    logits: str
    values: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


def measured_name(path: str, source: str) -> str:
    """The file's name: a digest of the metric and its source."""
    return f"{hashlib.sha256(f'{path} {source}'.encode()).hexdigest()[:_NAME_LENGTH]}.json"


def measured_text(measured: Measured) -> str:
    """The file."""
    told: dict[str, Any] = {"metric": measured.path, "source": measured.source, "logits": measured.logits}
    return sealed({**told, "values": dict(measured.values), "reason": measured.reason})


def measured_of(content: bytes) -> Measured:
    """What a file says.

    Raises:
        ValueError: it is damaged.
    """
    found = unsealed(content)
    values, texts = found.get("values"), [found.get(name) for name in ("metric", "source", "logits", "reason")]
    if not isinstance(values, dict) or not all(isinstance(text, str) for text in texts):
        raise ValueError("it does not say what was measured")
    if not all(type(value) is float and math.isfinite(value) for value in values.values()):
        raise ValueError("its values are no finite numbers")
    path, source, logits, reason = map(str, texts)
    return Measured(path, source, logits, values, reason)
