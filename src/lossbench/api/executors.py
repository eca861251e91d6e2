"""Who trains, by the name that was typed."""

from __future__ import annotations

from lossbench.errors import RequestError
from lossbench.resolve import settle_device
from lossbench.run import Executor, Inline, Processes, Stacked, visible_gpus

__all__ = ["make_executor", "words_of"]


def make_executor(name: str, workers: int | None = None, *, device: str = "auto", stack: int | None = None) -> Executor:
    """The executor of a name.

    Args:
        name: `processes`, `inline` or `stack`.
        workers: how many trials, or stacks, side by side at most; None for one per GPU, or per usable core.
        device: `auto`, `cpu`, `cuda` or `mps`.
        stack: of `stack`, how many trials a stack has at most; None for as many as pay.

    Raises:
        RequestError: an unknown name, fewer than one worker, or something that does not go with the name.
    """
    if stack is not None and name != "stack":
        raise RequestError("--stack", "left out beside every executor but stack", stack)
    gpus = visible_gpus() if settle_device(device) == "cuda" else ()
    if name == "processes":
        return Processes(workers, gpus)
    if name == "stack":
        return Stacked(stack, workers, gpus)
    if name == "inline":
        return Inline()
    raise RequestError("--executor", "processes, stack or inline", name)


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
