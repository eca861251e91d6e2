"""JSON documents that carry their own digest: one that was damaged or edited by hand is told from what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["FORMAT", "NewerError", "sealed", "unsealed"]

FORMAT = 2
"""Of everything in a store. 1 had no seals, and a study's cards, data and trials in files of their own.

Later formats must keep the seal as it is: an older lossbench tells by it what is newer from what is damaged.
"""

_SEAL = "sha256"


class NewerError(ValueError):
    """A document of a later format, which only a later lossbench can read."""


def sealed(values: Mapping[str, Any]) -> str:
    """The text of a document with its format and the SHA-256 of all else that it says."""
    whole = {**values, "format": FORMAT}
    return json.dumps({**whole, _SEAL: _digest(whole)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def unsealed(text: str | bytes) -> dict[str, Any]:
    """What a document says, its format among it; one without a seal is of format 1, which had none.

    Raises:
        NewerError: it is of a later format.
        ValueError: it is damaged: no JSON mapping, or other than what was sealed.
    """
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(values, dict):
        raise ValueError("it holds no mapping")
    json.dumps(values, ensure_ascii=False).encode()  # half a surrogate pair is a value error, too
    seal = values.pop(_SEAL, None)
    if seal is None and "format" not in values:
        return {**values, "format": 1}
    if seal != _digest(values):
        raise ValueError("its SHA-256 is not the one that it carries")
    if not isinstance(values.get("format"), int) or values["format"] > FORMAT:
        raise NewerError(f"it is of format {values.get('format')}")
    return values


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
