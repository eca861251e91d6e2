"""Checks for the tests of those who write losses: under pytest, unittest or anything that knows AssertionError."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lossbench.errors import UnknownNameError
from lossbench.losses.audit import Audit, Check
from lossbench.losses.audit import audit as examine

__all__ = ["check_loss"]


def check_loss(
    loss: Any,
    *,
    num_classes: int | None = None,
    allow: Iterable[str] = (),
    declared: Iterable[str] = (),
    warnings: bool = False,
) -> Audit:
    """Examines a loss as `lossbench audit` does, and fails the test where a check fails.

    Args:
        loss: whatever `lossbench.audit` takes: a function of (logits, target), a class, a `torch.nn.Module` with any
            reduction, a module of `lossbench.nn`, or a text such as `focal(gamma=0.5)` or `my_module:MyLoss`.
        num_classes: of a loss that is made for one number of classes, such as one with class weights; None for ten, and
            for two and a thousand.
        allow: names of checks that may fail or warn, as the audit calls them: `torch.compile`, `extreme logits`.
        declared: of `batch`, `detached` and `dead`, what is known of the loss and meant.
        warnings: whether a warning fails the test, too.

    Returns:
        The audit, for further assertions.

    Raises:
        AssertionError: a check failed; its text lists every such check with its reason, one a line.
        RequestError: an unknown loss, number of classes or declaration; UnknownNameError: a check that is none.
    """
    allowed = frozenset([allow] if isinstance(allow, str) else allow)
    found = examine(loss, declared, num_classes)
    _check_names(allowed, found)
    outcomes = ("fail", "warn") if warnings else ("fail",)
    wrong = [check for check in found.checks if check.outcome in outcomes and check.name not in allowed]
    if wrong:
        raise AssertionError(_listed(found, wrong))
    return found


def _check_names(allowed: frozenset[str], found: Audit) -> None:
    """Raises an UnknownNameError for the name of no check, of this audit or of any."""
    known = {check.name for check in found.checks}
    if allowed - known:
        known |= {check.name for check in examine("cross_entropy").checks}
    for name in sorted(allowed - known):
        raise UnknownNameError("allow", name, known)


def _listed(found: Audit, wrong: list[Check]) -> str:
    count = "1 check" if len(wrong) == 1 else f"{len(wrong)} checks"
    lines = [f"  {check.outcome}  {check.name}: {check.reason}" for check in wrong]
    return "\n".join([f"{found.loss}: {count} of {len(found.checks)} did not pass", *lines])
