"""A health check for any loss, before somebody trains with it."""

from lossbench.losses.audit.run import DECLARATIONS, audit
from lossbench.losses.audit.types import Audit, Check, Outcome

__all__ = ["DECLARATIONS", "Audit", "Check", "Outcome", "audit"]
