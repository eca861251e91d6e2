"""The same trial gives the same bits (law 1): what torch has to be told for that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from lossbench.imports import order_of_sums
from lossbench.run.environment import WORKSPACE

__all__ = ["WORKSPACE", "one_thread", "repeatable"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets torch compute with one thread: two give other bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def repeatable(device: str) -> Iterator[None]:
    """Lets torch compute on a GPU in an order that is always the same.

    An operation of a user's model that has no such form is computed all the same, with a warning. A processor needs
    nothing but `one_thread`.
    """
    if not device.startswith(("cuda", "mps")):
        yield
        return
    from torch.nn.attention import SDPBackend, sdpa_kernel  # which imports much that a processor has no use for

    for name, value in WORKSPACE.items():
        os.environ.setdefault(name, value)
    before = order_of_sums()
    settings: Any = torch.utils.deterministic  # its one setting is a property that torch's stubs do not know
    filled = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    settings.fill_uninitialized_memory = False  # nothing here reads what nobody wrote
    try:
        with sdpa_kernel(SDPBackend.MATH):  # the faster kernels of attention add in any order going backward
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        settings.fill_uninitialized_memory = filled
