"""What `lossbench audit` prints."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from lossbench.cli.tables import empty_table

if TYPE_CHECKING:
    from lossbench.losses.audit import Audit, Outcome

__all__ = ["audit_json", "show_audit"]

_STYLES: Mapping[Outcome, str] = {"pass": "green", "warn": "yellow", "fail": "bold red"}
_REDUCTIONS = {"none": "one value per sample", "mean": "the mean over the batch", "sum": "the sum over the batch"}
_TARGETS = {"indices": "class indices", "one-hot": "one-hot rows"}


def show_audit(console: Console, found: Audit) -> None:
    """What the loss is, every check with its reason, and the verdict."""
    head = found.loss
    if found.reduction:
        head += f": gives {_REDUCTIONS[found.reduction]}, takes {_TARGETS[found.target]} as target"
    console.print(Text(head), soft_wrap=not console.is_terminal)
    table = empty_table("", "check", "reason")
    for check in found.checks:
        table.add_row(_word(check.outcome), Text(check.name), Text(check.reason))
    console.print(table)
    line = Text.assemble("verdict: ", _word(found.outcome), f" ({_counts(found)}){_facts(found)}")
    console.print(line, soft_wrap=not console.is_terminal)


def audit_json(found: Audit) -> str:
    """The audit as JSON; what is not finite, for which JSON has no number, is null."""
    values = found.to_json()
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }
    return json.dumps(finite, indent=2, ensure_ascii=False, allow_nan=False)


def _word(outcome: Outcome) -> Text:
    return Text(outcome, style=_STYLES[outcome])


def _counts(found: Audit) -> str:
    counts = Counter(check.outcome for check in found.checks)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _STYLES)


def _facts(found: Audit) -> str:
    """How long its first steps are, and which loss of the catalogue it is."""
    facts = ""
    scale, factor = found.gradient_scale, found.learning_rate_factor
    if scale is not None and factor is not None and math.isfinite(scale):
        facts += f"; gradient scale {scale:.3g} (cross entropy has 1), learning-rate factor {factor:.3g}"
    if found.identical:
        facts += "; " + next((c.reason for c in found.checks if c.name == "catalogue"), f"it is {found.identical}")
    return facts
