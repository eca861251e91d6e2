"""Study files: YAML that is read with every complaint in the user's words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lossbench.errors import StudyFileError
from lossbench.spec.study import Study
from lossbench.spec.yaml_text import RepeatedKeyError, read_yaml

__all__ = ["load_study", "read_study_file"]

_LARGEST = 4_000_000  # bytes: a hundred thousand seeds are one million

_ALLOWED = "a readable YAML file with a mapping (`lossbench init` writes one to start from)"


def load_study(path: str | Path) -> Study:
    """Reads a study file.

    Raises:
        RequestError: the file cannot be read, or says something that is not allowed; one sentence says what.
    """
    return Study(**read_study_file(path))


def read_study_file(path: str | Path) -> dict[str, Any]:
    """The mapping in a YAML file, unchecked but for its being a tree of plain values, with text for keys.

    Raises:
        StudyFileError: the file cannot be read, is larger than 4 MB, is no YAML, is empty, or holds no such mapping.
    """
    try:
        values = read_yaml(_text(path))
    except OSError as error:
        raise StudyFileError(str(path), _ALLOWED, f"nothing readable ({error.strerror})") from None
    except RepeatedKeyError as error:
        raise StudyFileError(str(path), "every key once in its mapping", str(error)) from None
    except (
        yaml.YAMLError,
        ValueError,  # 2020-13-45
        LookupError,  # !!bool x
        ArithmeticError,
        AttributeError,
        TypeError,
        RecursionError,
    ) as error:
        raise StudyFileError(str(path), _ALLOWED, str(error)) from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise StudyFileError(str(path), _ALLOWED, "an empty file" if values is None else values)
    _check_plain(path, values)
    return values


def _text(path: str | Path) -> str:
    """What a file says.

    Raises:
        StudyFileError: it is none, as a pipe, which may never end, or too large.
        OSError, ValueError: it cannot be read.
    """
    file = Path(path)
    if file.exists() and not file.is_file() and not file.is_dir():
        raise StudyFileError(str(path), _ALLOWED, "a pipe or a device, which may never end")
    with file.open("rb") as opened:
        content = opened.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise StudyFileError(str(path), f"a study file of at most {_LARGEST:,} bytes", "a larger one")
    return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _check_plain(path: str | Path, values: object) -> None:
    """Checks that the values are text, numbers, lists and mappings with text for keys, and hold no value in itself.

    Raises:
        StudyFileError: something else is among them.
    """
    seen: set[int] = set()  # what aliases repeat is looked at once: a few lines can stand for billions of items

    def check(value: object, above: tuple[int, ...]) -> None:
        if id(value) in above:
            raise StudyFileError(str(path), "values that do not hold themselves", "an alias to what it stands in")
        if isinstance(value, bytes | set):
            allowed = "text, numbers, lists and mappings"
            raise StudyFileError(str(path), allowed, f"a value of the tag !!{_TAGS[type(value)]}")
        if not isinstance(value, dict | list | tuple) or id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, Mapping):
            odd = next((key for key in value if not isinstance(key, str)), _NONE)
            if odd is not _NONE:
                allowed = "keys that are text (YAML reads a bare on, off, yes, no as true or false)"
                raise StudyFileError(str(path), allowed, repr(odd))
        for item in value.values() if isinstance(value, Mapping) else value:
            check(item, (*above, id(value)))

    check(values, ())


_NONE = object()
_TAGS: Mapping[type, str] = {bytes: "binary", set: "set"}
