"""Trials as tasks of a Ray cluster: the driver alone reads and writes the store."""

from lossbench.run.ray.executor import Ray

__all__ = ["Ray"]
