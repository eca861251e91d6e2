"""Who trains which trial when."""

from lossbench.run.gpus import visible_gpus
from lossbench.run.inline import Inline
from lossbench.run.job import CHECKPOINT_SECONDS, Event, Executor, Job, Notify
from lossbench.run.processes import Processes, usable_cores
from lossbench.run.profile import Profile
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
    "Stacked",
    "one_thread",
    "usable_cores",
    "visible_gpus",
]
