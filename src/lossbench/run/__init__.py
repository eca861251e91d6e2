"""Who trains which trial when."""

from lossbench.run.inline import Inline, one_thread
from lossbench.run.job import Event, Executor, Job, Notify
from lossbench.run.processes import Processes, usable_cores

__all__ = ["Event", "Executor", "Inline", "Job", "Notify", "Processes", "one_thread", "usable_cores"]
