"""Who trains, by the name that was typed."""

from __future__ import annotations

from lossbench.errors import RequestError
from lossbench.run import Executor, Inline, Processes

__all__ = ["make_executor"]


def make_executor(name: str, workers: int | None = None) -> Executor:
    """The executor of a name.

    Raises:
        RequestError: an unknown name, or fewer than one worker.
    """
    if name == "processes":
        return Processes(workers)
    if name == "inline":
        return Inline()
    raise RequestError("--executor", "processes or inline", name)
