"""Results -> explanations: every rule read off every seed, counted over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lossbench.analysis.explain.observed import Observed, observed
from lossbench.analysis.explain.rule import Rule
from lossbench.analysis.explain.rules import RULES
from lossbench.analysis.types import Explanation
from lossbench.results import Results

__all__ = ["explain"]


def explain(results: Results) -> tuple[Explanation, ...]:
    """The rules that hold in at least one seed, in the study's order of losses, then of `RULES`.

    A rule is read off each seed by itself. It speaks of the seeds that finished (some rules: or diverged) and recorded
    what it needs; `of` counts these, so that a table without a column is silent rather than wrong. A quantity is the
    mean over the seeds where the rule holds: of norms and ratios, which multiply, the geometric one.
    """
    found = (_over_seeds(rule, label, trials) for label, trials in observed(results).items() for rule in RULES.values())
    return tuple(item for item in found if item is not None)


def _over_seeds(rule: Rule, label: str, trials: Sequence[Observed]) -> Explanation | None:
    spoken_of = [trial for trial in trials if trial.finished or rule.of_diverged]
    readings = [reading for trial in spoken_of if (reading := rule.read(trial)) is not None]
    held = [reading.values for reading in readings if reading.holds]
    if not held:
        return None
    return Explanation(label, rule.name, len(held), len(readings), rule.threshold, _means(held))


def _means(held: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """Of every quantity over the seeds that have it."""
    names = dict.fromkeys(name for values in held for name in values)
    return {name: _mean(name, [values[name] for values in held if name in values]) for name in names}


def _mean(name: str, values: Sequence[float]) -> float:
    if len(set(values)) == 1:
        return values[0]  # not what rounding makes of its sum
    if not name.endswith(("norm", "ratio")):
        return sum(value / len(values) for value in values)
    return 0.0 if not min(values) else math.exp(sum(map(math.log, values)) / len(values))
