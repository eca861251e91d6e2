"""Who trains, by the name that was typed or as an object, and for how long it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from lossbench.errors import RequestError
from lossbench.resolve import settle_device
from lossbench.run import Executor, Inline, Processes, Ray, Stacked, visible_gpus

__all__ = ["closing", "device_for", "make_executor", "words_of"]

_NAMES = "processes, stack, inline or ray"


def make_executor(
    executor: str | Executor,
    workers: int | None = None,
    *,
    device: str = "auto",
    stack: int | Literal["auto"] | None = None,
    address: str | None = None,
    cpus_per_trial: float | None = None,
    gpus_per_trial: float | None = None,
) -> Executor:
    """The executor of a name; one that is an object is given back.

    Args:
        executor: `processes`, `stack`, `inline` or `ray`, or an object.
        workers: of `processes` and `stack`, how many at most; None for one per GPU, or per usable core.
        device: of the same, `auto`, `cpu`, `cuda` or `mps`.
        stack: of `stack` and `ray`, how many trials a stack has at most, or `auto` for as many as pay; None for that
            too, and of `ray` for no stacks.
        address: of `ray`, where the cluster is.
        cpus_per_trial: of `ray`, the cores of a trial; None for 1.
        gpus_per_trial: of `ray`, the GPUs of a trial; None for 0.

    Raises:
        RequestError: an unknown name, an option that does not go with it, or one that is out of range.
    """
    if stack is not None and executor not in ("stack", "ray"):
        raise RequestError("--stack", "nothing, for it goes with --executor stack or ray alone", stack)
    of_ray = {"--address": address, "--cpus-per-trial": cpus_per_trial, "--gpus-per-trial": gpus_per_trial}
    given = {name: value for name, value in of_ray.items() if value is not None}
    if given and executor != "ray":
        name, value = next(iter(given.items()))
        raise RequestError(name, "nothing, for it goes with --executor ray alone", value)
    if executor in ("processes", "stack"):
        gpus = visible_gpus() if settle_device(device) == "cuda" else ()
        return Processes(workers, gpus) if executor == "processes" else Stacked(stack or "auto", workers, gpus)
    if executor == "inline":
        return Inline()
    if workers is not None and (executor == "ray" or not isinstance(executor, str)):
        hint = "a Ray cluster trains as many trials as its nodes have room for" if executor == "ray" else ""
        raise RequestError("--workers", "nothing, for it goes with --executor processes or stack alone", workers, hint)
    if executor == "ray":
        return Ray(address, 1 if cpus_per_trial is None else cpus_per_trial, gpus_per_trial or 0, stack)
    if isinstance(executor, str) or not callable(executor):
        raise RequestError("--executor", _NAMES, executor)
    return executor


def words_of(executor: Executor, at_a_time: int | None = None) -> str:
    """How many trials an executor trains side by side, in words.

    Args:
        executor: which.
        at_a_time: how many, where there are fewer trials than it could; None for what it could.
    """
    workers = at_a_time or executor.workers
    if isinstance(executor, Stacked):
        return "in stacks" if workers == 1 else f"in stacks, {workers} of them at a time"
    return f"{workers} at a time"


def device_for(executor: Executor, device: str) -> tuple[str, bool]:
    """The device to prepare a study for, and whether it is one of other machines.

    Args:
        executor: who trains.
        device: as it was typed.

    Raises:
        RequestError: the executor trains on another.
    """
    if not isinstance(executor, Ray):
        return device, False
    if device not in ("auto", executor.device):
        hint = "--gpus-per-trial says whether a trial is given a GPU of the cluster"
        raise RequestError("--device", f"auto or {executor.device}", device, hint)
    return executor.device, True


@contextmanager
def closing(executor: Executor) -> Iterator[Executor]:
    """An executor that lets go of what it has at the end: of its cluster, if it came to need one."""
    try:
        yield executor
    finally:
        if isinstance(executor, Ray):
            executor.close()
