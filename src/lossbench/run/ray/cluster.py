"""The Ray cluster of a run: found or started, asked what it has, and left."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from lossbench.errors import RequestError, shown, told
from lossbench.run.processes import usable_cores
from lossbench.run.ray import node
from lossbench.run.ray.needs import Needs
from lossbench.run.ray.tokens import Tokens

__all__ = ["Cluster"]

_REACH_SECONDS = 10.0  # until an address is given up, which Ray itself asks for minutes
_LOOK_SECONDS = 2.0  # between two looks at the nodes
_CANCEL_SECONDS = 3.0  # for what is cancelled to end
_LEAVE_SECONDS = 5.0  # for the nodes to remove what they kept
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
_HEAD = "`ray start --head` starts one"


class Cluster:
    """A cluster that this process is connected to.

    Args:
        address: `auto` for the one that runs on this machine, or HOST:PORT; None for the one that RAY_ADDRESS names,
            and without that for one that is started here, for this run alone.
        needs: what a trial takes.

    Raises:
        RequestError: Ray is not installed, the cluster cannot be reached, or none of its nodes has what a trial takes.
    """

    def __init__(self, address: str | None, needs: Needs) -> None:
        self.session = secrets.token_hex(8)
        self._needs, self._looked, self._slots, self._used = needs, 0.0, 0, False
        self._ray = _import_ray()
        self._joined = not self._ray.is_initialized()
        wanted = address or os.environ.get("RAY_ADDRESS") or None
        self._own = self._joined and wanted is None
        self._tokens = Tokens()
        if self._joined:
            _join(self._ray, wanted, needs, self._tokens)
        elif address not in (None, "auto") and address != (known := self._ray.get_runtime_context().gcs_address):
            raise RequestError("--address", f"{known}, to which this process is connected", address)
        try:
            self._check_slots()
        except BaseException:
            self.leave()
            raise
        self._train = self._remote(node.train_piece, num_returns="streaming", cpus=needs.cpus, gpus=needs.gpus)

    def slots(self) -> int:
        """How many trials the cluster trains at once, with the nodes that it has now."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            found = [each["Resources"] for each in self._ray.nodes() if each["Alive"]]
            self._slots, self._looked = sum(map(self._needs.slots, found)), time.monotonic()
        return self._slots

    def put(self, value: Any) -> Any:
        """Puts something where every node can fetch it once; gives a reference."""
        return self._ray.put(value)

    def submit(
        self, text: str, checkpoints: Sequence[bytes | None], held: Mapping[str, Sequence[Any]]
    ) -> Iterator[Any]:
        """Has a piece of work done; gives what `news` reads."""
        self._used = True
        submitted: Iterator[Any] = self._train.remote(text, list(checkpoints), dict(held))
        return submitted

    def ready(self, submitted: Sequence[Iterator[Any]], seconds: float = 1.0) -> list[Iterator[Any]]:
        """Those pieces of work of which there is news, after some seconds at most."""
        if not submitted:
            time.sleep(min(seconds, 0.1))
            return []
        waiting = list(submitted)
        found, _ = self._ray.wait(waiting, num_returns=1, timeout=seconds)
        if found:  # all the others that are ready, too
            found, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
        return list(found)

    def news(self, submitted: Iterator[Any]) -> list[Any] | None:
        """What a piece of work that is ready tells; None at its end.

        Raises:
            RayError: its task was lost.
        """
        try:
            told: list[Any] = self._ray.get(next(submitted))
        except StopIteration:
            return None
        return told

    def cancel(self, submitted: Iterable[Any]) -> None:
        """Ends pieces of work at once, and waits a little until they have ended."""
        ends: list[Any] = []
        for each in submitted:
            with suppress(Exception):  # one that has just ended
                self._ray.cancel(each, force=True)
            ends.append(each.completed())
        if ends:  # what they tell is left alone: a cluster that is gone has one wait for it a minute
            with suppress(Exception):
                self._ray.wait(ends, num_returns=len(ends), timeout=_CANCEL_SECONDS)

    def leave(self) -> None:
        """Has what the run kept on the nodes removed, and lets go of the cluster; one that was started here ends."""
        if self._used and not self._own:
            with suppress(Exception):  # a cluster that is gone has nothing to be removed
                self._clear_nodes()
        if self._joined:
            self._ray.shutdown()
            self._tokens.put_back()
        if self._own:
            node.leave(self.session)

    def _clear_nodes(self) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        task = self._remote(node.leave, cpus=0)
        places = [each["NodeID"] for each in self._ray.nodes() if each["Alive"]]
        asked = [
            task.options(scheduling_strategy=NodeAffinitySchedulingStrategy(place, soft=False)).remote(self.session)
            for place in places
        ]
        self._ray.wait(asked, num_returns=len(asked), timeout=_LEAVE_SECONDS)

    def _check_slots(self) -> None:
        """Refuses a cluster of which no node can ever train a trial."""
        if self.slots():
            return
        nodes = [each["Resources"] for each in self._ray.nodes() if each["Alive"]]
        most = [f"{max((each.get(kind, 0.0) for each in nodes), default=0):g} {kind}s" for kind in ("CPU", "GPU")]
        field = "--gpus-per-trial" if self._needs.gpus else "--cpus-per-trial"
        received = f"{self._needs} with nodes that have {' and '.join(most)} at most"
        raise RequestError(field, "what one node of the cluster has", received)

    def _remote(self, function: Any, cpus: float, gpus: float = 0.0, **options: Any) -> Any:
        """A task that Ray does not try again by itself: it would not know of the checkpoints."""
        return self._ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=0, **options)(function)


def _import_ray() -> ModuleType:
    try:
        import ray
    except ImportError as error:
        lacking = "a Python without Ray" if isinstance(error, ModuleNotFoundError) else told(error)
        raise RequestError("--executor", 'ray with the extra ray: pip install "lossbench[ray]"', lacking) from None
    module: ModuleType = ray
    return module


def _join(ray: Any, wanted: str | None, needs: Needs, tokens: Tokens) -> None:
    """Connects to a cluster, or starts one here; where that fails, nothing of it stays."""
    try:
        _connect(ray, wanted, needs, tokens)
    except BaseException as error:
        ray.shutdown()
        tokens.put_back()
        if isinstance(error, SystemExit) and error.code == signal.SIGTERM:  # as Ray has it while it connects
            raise KeyboardInterrupt from None
        raise


def _connect(ray: Any, wanted: str | None, needs: Needs, tokens: Tokens) -> None:
    options: dict[str, Any] = {"address": wanted or "local"}
    if wanted is None:
        options |= {"num_cpus": max(usable_cores(), int(needs.cpus)), "include_dashboard": False}
        options |= {"_node_ip_address": "127.0.0.1"}
    elif wanted != "auto":
        _check_reachable(wanted)
    try:
        with _quietly():
            if wanted is None:
                tokens.make()
            elif (known := _found(ray, wanted)) is not None:
                tokens.fit(known)
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        _mute(ray)
    except RequestError:
        raise
    except Exception as error:  # no cluster, another version of Ray or Python, no memory for its store
        why = shown(told(error))
        if wanted is None:
            raise RequestError("--executor", "a machine that Ray can be started on", f"ray ({why})") from error
        hint = _HEAD if isinstance(error, ConnectionError) else why
        raise RequestError("--address", "a Ray cluster that can be joined from here", wanted, hint) from error


def _found(ray: Any, wanted: str) -> str | None:
    """HOST:PORT of a cluster; None where `auto` finds none."""
    if wanted != "auto":
        return wanted
    with suppress(Exception):  # what Ray has to say to that, it says when it connects
        found: str | None = ray._private.services.canonicalize_bootstrap_address(wanted)
        return found
    return None


def _check_reachable(address: str) -> None:
    """Refuses an address at which nobody answers, or that is none."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise RequestError("--address", "auto, or HOST:PORT as `ray start --head` prints it", address)
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise RequestError("--address", "a Ray cluster that can be reached from here", address, why) from None


def _mute(ray: Any) -> None:
    """Keeps the last lines of a dead node's log from the terminal, which Ray prints there and has no option against."""
    worker = ray._private.worker
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *_, **__: None


@contextmanager
def _quietly() -> Iterator[None]:
    """Lets Ray start without a word, without sending statistics of its use, and without taking signals over."""
    added = [name for name in _QUIET if name not in os.environ]
    os.environ.update({name: _QUIET[name] for name in added})
    alone = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM) if alone else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Ray will change one day
            yield
    finally:
        if alone and handler is not None:
            signal.signal(signal.SIGTERM, handler)
        for name in added:
            os.environ.pop(name, None)
