"""Whether the extra `tune` is installed."""

from __future__ import annotations

from importlib.util import find_spec

from lossbench.errors import RequestError

__all__ = ["check_extra"]


def check_extra() -> None:
    """Raises a RequestError where Optuna is missing, which draws the settings that are tried."""
    if find_spec("optuna") is None:
        raise RequestError("tune", "the extra `tune`: pip install 'lossbench[tune]'", "an installation without Optuna")
