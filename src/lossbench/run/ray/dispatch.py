"""One loop in the driver: offers work as there is room, hears the news, keeps results, offers again what was lost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from lossbench.errors import HeldError, LossbenchError, RequestError, SaveDirError, StoreError, shown, told
from lossbench.run.ended import ended_before
from lossbench.run.halting import Begun, raise_if_halting
from lossbench.run.job import Event, Notify
from lossbench.run.ray.cluster import Cluster
from lossbench.run.ray.files import allow_open_files
from lossbench.run.ray.flight import Flight, Passenger
from lossbench.run.ray.own_code import digest_of, own_code
from lossbench.run.ray.travel import Piece, arrays_of, source
from lossbench.run.stacks import Stack
from lossbench.run.turns import Turns

__all__ = ["Dispatch", "reserve"]

_LOSSES = 3
"""So often a task may be lost in a row while its node lives, before its trial has failed."""

_PATIENCE = 300.0
"""Seconds that a run waits for nodes to come back when all have left."""

_LISTS_A_SECOND = 500.0  # of news, that the driver takes in from all tasks together
_CHECKPOINTS_A_SECOND = 20.0
_CHECKPOINT_BYTES_A_SECOND = 50e6

_NO_SECONDS: Mapping[str, float] = {}
_AGAIN = "what was finished is kept; the same command goes on"


def reserve(slots: int) -> int:
    """How many pieces of work wait in the cluster, so that a slot that comes free has the next at once.

    Half of the slots: trials that take equally long end together, and a driver on a slow disk is behind them then
    (`docs/scaling.md` says by how much).
    """
    return 1 + slots // 2


class Dispatch:
    """Has jobs done by a cluster.

    Args:
        cluster: which.
        device: what its nodes train on.
        work: in the order in which it is to be done, each part by one task.
        notify: is told what happens.
        stacked: whether each part is a stack; otherwise it has one job.
    """

    def __init__(
        self, cluster: Cluster, device: str, work: Sequence[Stack], notify: Notify, *, stacked: bool = False
    ) -> None:
        self._cluster, self._device, self._notify, self._stacked = cluster, device, notify, stacked
        self._turns, self._begun = Turns(work), Begun()
        self._flights: dict[Iterator[Any], Flight] = {}
        self._aboard = set[Passenger]()  # all trials that this run holds
        self._told_held = set[str]()
        self._data: dict[str, Any] = {}
        code = own_code([job for some in work for job in some.jobs])
        self._code_digest, self._code = digest_of(code), [cluster.put(code)] if code else []
        self._seen = time.monotonic()

    def __call__(self) -> None:
        """Does all of them.

        Raises:
            SaveDirError: the store cannot be written; what was finished is kept.
            RequestError: a node has another lossbench, or no node is left.
        """
        allow_open_files(self._cluster.slots() + reserve(self._cluster.slots()))
        try:
            while len(self._turns) or self._flights:
                self._offer()
                for submitted in self._cluster.ready(list(self._flights)):
                    self._hear(submitted)
                self._check_patience()
        finally:
            self._cluster.cancel(self._flights)
            for one in self._aboard:
                one.claim.close()

    def _offer(self) -> None:
        """Hands out work while there is room for it."""
        slots = self._cluster.slots()
        while slots and len(self._flights) < slots + reserve(slots):
            some = self._turns.take(wait=False)
            if some is None:
                return
            self._begin(some)

    def _begin(self, some: Stack) -> None:
        """Claims trials, and hands out those that have not ended before."""
        boarded, held = [], []
        for job in some.jobs:
            self._begun.check(job.save_dir)
            one = Passenger(replace(job, device=self._device), self._notify)
            try:
                one.claim.enter_context(one.store.claim(job.trial))
            except HeldError:
                held.append(one.key)
            except SaveDirError as error:
                raise_if_halting(error)
                one.end(Event("failed", one.key, reason=shown(told(error), limit=500)))
            else:
                self._aboard.add(one)
                with self._answering(one):
                    if (ended := ended_before(one.store, one.key)) is None:
                        boarded.append(one)
                    else:
                        one.tell(Event("started", one.key))
                        self._end(one, ended)
        self._hold(some, held)
        if boarded:
            self._submit(boarded, some)

    def _hold(self, some: Stack, held: list[str]) -> None:
        """Has those that another run holds asked for again later."""
        if held:
            self._turns.put_back(some.only(held))
        for key in held:
            if key not in self._told_held:
                self._told_held.add(key)
                self._notify(Event("held", key))

    def _submit(self, passengers: list[Passenger], some: Stack, losses: int = 0) -> None:
        """Hands out trials, each with what it goes on from."""
        boarded = []
        for one in passengers:
            with self._answering(one):
                boarded.append((one, self._put_data(one), one.store.checkpoint(one.key)))
        if not boarded:
            return
        passengers = [one for one, _, _ in boarded]
        slots = max(self._cluster.slots(), 1)
        piece = Piece(
            self._cluster.session,
            tuple(each.job for each in passengers),
            code=self._code_digest,
            pause=min(slots / _LISTS_A_SECOND, 5.0),
            checkpoint_pause=slots / _CHECKPOINTS_A_SECOND,
            checkpoint_rate=_CHECKPOINT_BYTES_A_SECOND / slots,
            source=source(),
            stacked=self._stacked,
            width=some.width,
            beside=some.beside,
        )
        held = {"data": [data for _, data, _ in boarded], "code": self._code}
        submitted = self._cluster.submit(piece.to_json(), [checkpoint for _, _, checkpoint in boarded], held)
        self._flights[submitted] = Flight(passengers, submitted, some, losses)

    def _put_data(self, one: Passenger) -> Any:
        """A reference to a trial's data, which are put into the cluster once."""
        digest = one.job.trial.digests["data"]
        if digest not in self._data:
            self._data[digest] = self._cluster.put(arrays_of(one.store.pictures(digest)))
        return self._data[digest]

    def _hear(self, submitted: Iterator[Any]) -> None:
        """Takes in what a piece of work tells; what is lost is handed out again."""
        from ray.exceptions import RayError

        flight = self._flights[submitted]
        try:
            news = self._cluster.news(submitted)
        except RayError as error:
            self._lose(flight, error)
            return
        if news is None:
            del self._flights[submitted]
            if flight.left:
                self._again(flight, flight.lost or "it ended without a word")
            return
        for kind, number, what in news:
            self._take(flight, flight.passengers[number], kind, what)

    def _take(self, flight: Flight, one: Passenger, kind: str, what: Any) -> None:
        """Takes in one message."""
        if one.ended:  # its results could not be kept
            return
        if kind == "event":
            one.tell(Event(**what))
        elif kind == "failed":
            reason, for_good, seconds = what
            self._fail(one, reason, for_good=for_good, seconds=seconds)
        elif kind == "died":
            self._fail(one, shown(what, limit=500))
        elif kind == "lost":
            flight.lost = shown(what, limit=500)
        elif kind == "other":
            raise RequestError("--executor", "the same lossbench on all nodes of the cluster as here", what)
        else:
            self._begun.check(one.job.save_dir)
            with self._answering(one):
                self._keep(flight, one, kind, what)

    def _keep(self, flight: Flight, one: Passenger, kind: str, what: Any) -> None:
        """Keeps what came of a trial: a checkpoint, or its results."""
        if kind == "checkpoint":
            one.store.put_checkpoint(one.key, what)
        else:
            contents, drawn, event = what
            try:
                one.store.adopt(one.job.trial, contents, drawn)
            except StoreError as error:  # it did not come whole
                flight.lost = told(error)
                return
            self._end(one, Event(**event))
        flight.losses = 0

    def _again(self, flight: Flight, why: str) -> None:
        """Hands out what is left of a piece of work that was lost while its node lived; gives it up in the end."""
        losses = flight.losses + 1
        if losses < _LOSSES:
            self._submit(flight.left, flight.part, losses)
            return
        for one in flight.left:
            self._fail(one, shown(f"the task that trained it was lost {losses} times in a row: {why}", limit=500))

    def _lose(self, flight: Flight, error: Exception) -> None:
        """Hands out what is left of a piece of work whose task Ray lost."""
        from ray import exceptions

        del self._flights[flight.submitted]
        if "No module named 'lossbench" in str(error):
            received = str(error).strip().splitlines()[-1]
            raise RequestError("--executor", "lossbench installed on all nodes of the cluster", received) from None
        if isinstance(error, (exceptions.NodeDiedError, exceptions.ObjectLostError, exceptions.LocalRayletDiedError)):
            self._submit(flight.left, flight.part, flight.losses)  # which is nobody's fault
        else:
            self._again(flight, _words(error))

    @contextmanager
    def _answering(self, one: Passenger) -> Iterator[None]:
        """What goes wrong in the store over a trial is that trial's end; what nothing can be kept in ends the run."""
        try:
            yield
        except (LossbenchError, OSError) as error:
            raise_if_halting(error)
            self._fail(one, shown(told(error), limit=500))

    def _fail(
        self, one: Passenger, reason: str, *, for_good: bool = False, seconds: Mapping[str, float] = _NO_SECONDS
    ) -> None:
        """Notes that a trial failed, as far as the disk can, and tells it."""
        with suppress(SaveDirError):
            one.store.fail(one.job.trial, reason, for_good=for_good)
        self._end(one, Event("failed", one.key, reason=reason, seconds=seconds))

    def _end(self, one: Passenger, event: Event) -> None:
        """Lets go of a trial, and tells how it ended."""
        self._aboard.discard(one)
        one.end(event)

    def _check_patience(self) -> None:
        """Ends a run whose cluster has had no node for a trial for long."""
        if self._cluster.slots():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > _PATIENCE:
            received = f"none for {_PATIENCE:g} seconds"
            raise RequestError("--executor", "a node of the cluster that has what a trial takes", received, _AGAIN)


def _words(error: Exception) -> str:
    """Of what a node raised, what it was; of what Ray found, its kind and the first line."""
    from ray.exceptions import RayTaskError

    lines = str(error).strip().splitlines() or [""]
    return lines[-1] if isinstance(error, RayTaskError) else f"{type(error).__name__}: {lines[0]}"
