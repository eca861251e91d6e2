"""Ray's tokens: the one that a cluster started here asks for, and whether one that is joined asks for any.

Left alone, Ray writes a token into the home folder when a process starts a cluster, after which `ray start --head` asks
for that one; and a process that names an address never tells its token.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType

from lossbench.errors import RequestError

__all__ = ["Tokens"]

_MODE, _TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
_HINT = "it asks for a token: put the cluster's own into RAY_AUTH_TOKEN or ~/.ray/auth_token"


class Tokens:
    """What this process tells Ray of tokens, from joining a cluster until it is left."""

    def __init__(self) -> None:
        self._before = {name: os.environ.get(name) for name in (_MODE, _TOKEN)}

    def make(self) -> None:
        """Has a cluster that is started here ask for the user's token, or for one of this run, which no file keeps.

        Where the user has set another mode, that one stays.
        """
        raylet = _raylet()
        if raylet is not None and os.environ.get(_MODE, "token").lower() == "token":
            _put({_MODE: "token"})
            if not _has_token(raylet):
                _put({_TOKEN: secrets.token_hex(32)})

    def fit(self, address: str) -> None:
        """Has this process tell its token to a cluster that asks for one, and to no other.

        A cluster without tokens could not answer a process that expects them.

        Raises:
            RequestError: the cluster asks for a token, and there is none here or another one.
        """
        raylet = _raylet()
        if raylet is None or os.environ.get(_MODE, "token").lower() not in ("token", "disabled"):
            return
        _put({_MODE: "disabled"})
        if _asks(raylet, address):
            _put({_MODE: "token"})
            if not _has_token(raylet) or _asks(raylet, address):
                raise RequestError("--address", "a Ray cluster that can be joined from here", address, _HINT)

    def put_back(self) -> None:
        """Leaves what was set before, for whatever else this process does with Ray."""
        if self._before != {name: os.environ.get(name) for name in self._before}:
            _put(self._before)


def _raylet() -> ModuleType | None:
    """Ray's own part that keeps the token; None of a Ray that knows of none."""
    from ray import _raylet

    found: ModuleType = _raylet
    return found if hasattr(found, "AuthenticationTokenLoader") else None


def _put(values: Mapping[str, str | None]) -> None:
    """Sets or removes variables, and has Ray read them anew, of which it keeps copies."""
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    if (raylet := _raylet()) is not None:
        raylet.Config.initialize("")
        raylet.AuthenticationTokenLoader.instance().reset_cache()


def _has_token(raylet: ModuleType) -> bool:
    """Whether there is a token, in a variable or a file; Ray raises where none is and one is asked for."""
    with suppress(Exception):
        return bool(raylet.AuthenticationTokenLoader.instance().has_token())
    return False


def _asks(raylet: ModuleType, address: str) -> bool:
    """Whether a cluster turns this process away as it is.

    Raises:
        ConnectionError: what answers there is no cluster of Ray's, which is waited for long enough here.
    """
    from ray.exceptions import AuthenticationError, RpcError

    try:
        with _without_stderr():
            raylet.GcsClient(address=address)
    except AuthenticationError:
        return True
    except RpcError as error:
        raise ConnectionError(str(error)) from error
    return False


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Keeps Ray's C++ from telling what is found out here."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
