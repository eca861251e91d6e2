"""Room for the locks of all trials that a cluster trains at once: each is an open file of the driver."""

from __future__ import annotations

import sys
from contextlib import suppress

if sys.platform != "win32":
    import resource

__all__ = ["allow_open_files"]

_BESIDE = 512  # files, connections and libraries that the driver has open anyway


def allow_open_files(locks: int) -> None:
    """Raises how many files this process may have open, as far as the system lets it."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = locks + _BESIDE
    if soft not in (resource.RLIM_INFINITY,) and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
