"""How a claimed trial has ended already, be it in another run, and what is then left to do about it."""

from __future__ import annotations

from lossbench.run.job import Event
from lossbench.store import Store

__all__ = ["ended_before", "outcome_of"]


def ended_before(store: Store, key: str) -> Event | None:
    """How a trial ended that need not be trained; None for one that has to be.

    What a finished one needs no more is dropped; one whose files are damaged is set aside. To be called by whoever
    holds the trial's claim.
    """
    if store.failed_for_good(key):  # in another run, after this one was begun
        return Event("failed", key, reason=store.reason(key))
    if store.finished(key) and store.verify(key)[1]:
        store.set_aside(key)
    if not store.finished(key):
        return None
    store.tidy(key)
    return outcome_of(store, key)


def outcome_of(store: Store, key: str) -> Event:
    """What is told of a trial that has ended."""
    outcome = store.outcome(key)
    return Event(outcome["status"], key, outcome["epochs"], reason=outcome["reason"])
