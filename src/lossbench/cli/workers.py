"""How many worker processes were asked for."""

from __future__ import annotations

from lossbench.errors import RequestError

__all__ = ["workers_of"]


def workers_of(text: str) -> int | None:
    """The number that was typed; None for one per core.

    Raises:
        RequestError: it is neither a number of at least 1 nor auto.
    """
    if text == "auto":
        return None
    if text.isdecimal() and len(text) < 10 and int(text) > 0:
        return int(text)
    raise RequestError("--workers", "auto or a number of at least 1", text)
