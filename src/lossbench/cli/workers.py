"""How many worker processes and lanes were asked for, and how often they keep what they have."""

from __future__ import annotations

from typing import Literal

from lossbench.errors import RequestError

__all__ = ["checkpoint_seconds_of", "stack_of", "workers_of"]

_DAY = 86400.0


def workers_of(text: str) -> int | None:
    """The number that was typed; None for one per core.

    Raises:
        RequestError: it is neither a number of at least 1 nor auto.
    """
    return _number("--workers", text)


def stack_of(text: str | None) -> int | Literal["auto"] | None:
    """The number of lanes that was typed, or `auto`; None where nothing was.

    Raises:
        RequestError: it is neither a number of at least 1 nor auto.
    """
    return None if text is None else _number("--stack", text) or "auto"


def _number(option: str, text: str) -> int | None:
    if text == "auto":
        return None
    if text.isdecimal() and len(text) < 10 and int(text) > 0:
        return int(text)
    raise RequestError(option, "auto or a number of at least 1", text)


def checkpoint_seconds_of(given: object) -> float:
    """The seconds that were typed; None for the usual ones.

    Raises:
        RequestError: they are no number from 0 to a day.
    """
    from lossbench.run import CHECKPOINT_SECONDS  # torch takes a second or two, which `--help` need not wait for

    if given is None:
        return CHECKPOINT_SECONDS
    if not isinstance(given, int | float) or not 0 <= given <= _DAY:
        raise RequestError("--checkpoint-seconds", "0 to 86400 seconds", given)
    return float(given)
