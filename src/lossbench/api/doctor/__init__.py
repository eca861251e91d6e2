"""What is found on a machine: versions, processor, what `auto` means, folders, optional parts. Nothing is written."""

from lossbench.api.doctor.examine import examine
from lossbench.api.doctor.finding import Finding, State

__all__ = ["Finding", "State", "examine"]
