"""Who trains which trial when."""

from lossbench.run.inline import Inline
from lossbench.run.job import CHECKPOINT_SECONDS, Event, Executor, Job, Notify
from lossbench.run.processes import Processes, usable_cores
from lossbench.run.profile import Profile
from lossbench.run.ray import Ray
from lossbench.run.repeatable import one_thread

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
    "one_thread",
    "usable_cores",
]
