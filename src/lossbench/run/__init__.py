"""Who trains which trial when.

The names are loaded when they are first used, so that what only hands work on, as Ray's own workers do, goes without
torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lossbench.run.gpus import visible_gpus
    from lossbench.run.inline import Inline
    from lossbench.run.job import CHECKPOINT_SECONDS, Event, Executor, Job, Notify
    from lossbench.run.processes import Processes, usable_cores
    from lossbench.run.profile import Profile
    from lossbench.run.ray.executor import Ray
    from lossbench.run.repeatable import one_thread
    from lossbench.run.stacked import Stacked

__all__ = [
    "CHECKPOINT_SECONDS",
    "Event",
    "Executor",
    "Inline",
    "Job",
    "Notify",
    "Processes",
    "Profile",
    "Ray",
    "Stacked",
    "one_thread",
    "usable_cores",
    "visible_gpus",
]

_HOMES = {
    "CHECKPOINT_SECONDS": "job",
    "Event": "job",
    "Executor": "job",
    "Inline": "inline",
    "Job": "job",
    "Notify": "job",
    "Processes": "processes",
    "Profile": "profile",
    "Ray": "ray.executor",
    "Stacked": "stacked",
    "one_thread": "repeatable",
    "usable_cores": "processes",
    "visible_gpus": "gpus",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'lossbench.run' has no attribute {name!r}")
    return getattr(import_module(f"lossbench.run.{_HOMES[name]}"), name)
