"""A worker process for stacks: `python -m lossbench.run.stack_worker`, as `lossbench.run.worker` for single jobs."""

from __future__ import annotations

from collections.abc import Iterable

from lossbench.run.drive_stack import drive_stack
from lossbench.run.inline import opener
from lossbench.run.job import Notify
from lossbench.run.repeatable import one_thread
from lossbench.run.stacks import Stack
from lossbench.run.worker import serve

__all__ = ["main", "train_stacks"]


def main() -> None:
    """Trains stacks until the input ends."""
    serve(Stack.from_json, train_stacks)


def train_stacks(stacks: Iterable[Stack], notify: Notify) -> None:
    """Trains stacks as they come; trials that another run holds are left to the parent to ask for again."""
    opened = opener()
    with one_thread():
        for stack in stacks:
            drive_stack(stack.jobs, opened(stack.jobs[0]), notify, stack.width, stack.beside)


if __name__ == "__main__":
    main()
