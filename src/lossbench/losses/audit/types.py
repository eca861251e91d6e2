"""What an audit finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Audit", "Check", "Outcome"]

Outcome = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: what was looked at.
        outcome: `fail` where training with the loss would go wrong, `warn` where it may, `pass` otherwise.
        reason: what was seen, one sentence.
    """

    name: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Audit:
    """What is known of a loss after its audit.

    Args:
        loss: as it was named.
        reduction: over the batch: `none`, `mean` or `sum`.
        target: what it takes: `indices` or `one-hot`.
        gradient_scale: norm of its gradient by the logits over that of cross entropy, at small random logits.
        identical: the loss of the catalogue that it is, up to a factor, K the number of classes; empty when it is none.
        checks: in the order they were made.
    """

    loss: str
    reduction: str
    target: str
    gradient_scale: float | None
    identical: str
    checks: tuple[Check, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of all checks."""
        found = {check.outcome for check in self.checks}
        return "fail" if "fail" in found else "warn" if "warn" in found else "pass"

    @property
    def learning_rate_factor(self) -> float | None:
        """What to multiply a learning rate of cross entropy by, so that the first steps are as long."""
        return 1 / self.gradient_scale if self.gradient_scale else None

    def failed(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome == "fail")

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return {**asdict(self), "outcome": self.outcome, "learning_rate_factor": self.learning_rate_factor}

    def __str__(self) -> str:
        lines = [f"{check.outcome:4}  {check.name}: {check.reason}" for check in self.checks]
        return "\n".join([f"{self.loss}: {self.outcome}", *lines])
