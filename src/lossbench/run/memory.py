"""Whether an error says that there was not enough memory, which is the machine's fault and not the trial's."""

from __future__ import annotations

import torch

__all__ = ["wants_memory"]

_WORDS = ("can't allocate memory", "not enough memory", "out of memory", "alloc_failed")
"""In the messages of plain runtime errors: of torch's allocator on processors, of CUDA and its libraries."""


def wants_memory(error: BaseException) -> bool:
    """Whether an error is about memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)
