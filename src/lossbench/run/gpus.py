"""Which worker process computes on which GPU."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import torch

__all__ = ["visible_gpus", "workplaces"]

_VISIBLE = "CUDA_VISIBLE_DEVICES"


def visible_gpus() -> tuple[str, ...]:
    """The CUDA devices that this process may use, as CUDA_VISIBLE_DEVICES names them; none without CUDA."""
    count = torch.cuda.device_count()
    given = os.environ.get(_VISIBLE)
    names = [str(number) for number in range(count)] if given is None else [name.strip() for name in given.split(",")]
    return tuple(names[:count])


def workplaces(workers: int, gpus: Sequence[str]) -> tuple[Mapping[str, str], ...]:
    """What each worker process has in its environment so that it sees one GPU: they take turns where there are fewer.

    Args:
        workers: how many processes.
        gpus: as CUDA_VISIBLE_DEVICES names them; none where workers compute on processors.
    """
    return tuple({_VISIBLE: gpus[number % len(gpus)]} for number in range(workers)) if gpus else ()
