"""Study files: YAML that is read with every complaint in the user's words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lossbench.errors import StudyFileError
from lossbench.spec.study import Study

__all__ = ["load_study", "read_study_file"]


def load_study(path: str | Path) -> Study:
    """Reads a study file.

    Raises:
        RequestError: the file cannot be read, or says something that is not allowed; one sentence says what.
    """
    return Study(**read_study_file(path))


def read_study_file(path: str | Path) -> dict[str, Any]:
    """The mapping in a YAML file, unchecked.

    Raises:
        StudyFileError: the file cannot be read, is no YAML, is empty, or holds no mapping.
    """
    allowed = "a readable YAML file with a mapping (`lossbench init` writes one to start from)"
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyFileError(str(path), allowed, f"nothing readable ({error.strerror})") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:  # 2020-13-45, !!bool x
        raise StudyFileError(str(path), allowed, str(error)) from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise StudyFileError(str(path), allowed, "an empty file" if values is None else values)
    odd = _odd_key(values)
    if odd is not None:
        raise StudyFileError(str(path), "keys that are text (YAML reads a bare on, off, yes, no as true or false)", odd)
    return values


def _odd_key(values: Mapping[Any, Any]) -> str | None:
    """The first key that is not text, in mappings inside mappings; lists hold no keys that a study knows."""
    for key, value in values.items():
        if not isinstance(key, str):
            return repr(key)
        if isinstance(value, Mapping) and (odd := _odd_key(value)) is not None:
            return odd
    return None
