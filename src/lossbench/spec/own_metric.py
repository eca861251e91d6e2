"""`OwnMetric`: a metric of the user's own as a study writes it, `my_module:f` or `my_module:f, lower is better`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossbench.errors import RequestError
from lossbench.spec.call import check_unicode

__all__ = ["OwnMetric", "own_metrics", "parse_metrics"]

_FORM = re.compile(
    r"(?P<path>[A-Za-z_][\w.]*:(?:[A-Za-z_]\w*\.)*(?P<name>[A-Za-z_]\w*))(?:\s*,\s*(?P<end>lower|higher)\s+is\s+better)?",
    re.ASCII,
)
_ALLOWED = "module:function, or 'module:function, lower is better'"

_TAKEN = frozenset(
    {
        *("loss", "accuracy", "precision", "recall", "f1", "nll", "brier", "ece", "top5", "auroc"),
        *("mean_confidence", "gradient_norm", "ece_calibrated", "memorised", "corrected", "accuracy_clean"),
        *("many", "medium", "few", "loss_function", "seed", "epoch", "split", "status", "metric", "value"),
    }
)
"""What tables call something else."""


@dataclass(frozen=True)
class OwnMetric:
    """A function (logits (n, classes), target (n,)) -> number.

    Args:
        path: `module:function`, where it is imported from.
        lower: whether less is better.
    """

    path: str
    lower: bool = False

    @property
    def name(self) -> str:
        """What tables and hypotheses call it: the function's name."""
        return self.path.rpartition(":")[2].rpartition(".")[2]

    @classmethod
    def parse(cls, text: object, field: str = "plan.metrics") -> OwnMetric:
        """Reads one.

        Raises:
            RequestError: it is not of the form, or its name stands for something else.
        """
        if not isinstance(text, str):
            raise RequestError(field, _ALLOWED, text)
        try:
            found = _FORM.fullmatch(check_unicode(text).strip())
        except ValueError:
            found = None
        if found is None:
            raise RequestError(field, _ALLOWED, text)
        if found["name"] in _TAKEN:
            allowed = f"a function whose name stands for nothing else in the tables, as {found['name']} does"
            raise RequestError(field, allowed, text)
        return cls(found["path"], found["end"] == "lower")

    def __str__(self) -> str:
        return f"{self.path}, lower is better" if self.lower else self.path


def parse_metrics(value: object, field: str = "plan.metrics") -> tuple[str, ...] | None:
    """Metrics as a study has them, one text or a list, each as it prints; None for none.

    Raises:
        RequestError: as `OwnMetric.parse`, or two have one name.
    """
    listed = [value] if isinstance(value, str) else value
    if listed is None or listed == [] or listed == ():
        return None
    if not isinstance(listed, list | tuple):
        raise RequestError(field, f"a list of {_ALLOWED}", value)
    seen: dict[str, OwnMetric] = {}
    for text in listed:
        metric = OwnMetric.parse(text, field)
        if metric.name in seen:
            raise RequestError(field, "functions of different names", f"{seen[metric.name]} and {metric}")
        seen[metric.name] = metric
    return tuple(map(str, seen.values()))


def own_metrics(plan: Mapping[str, Any]) -> dict[str, OwnMetric]:
    """The metrics of the user's own in a plan's plain values, by name."""
    texts: Sequence[str] = plan.get("metrics") or ()
    return {metric.name: metric for metric in map(OwnMetric.parse, texts)}
