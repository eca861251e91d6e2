"""One condition by the study's own labels: a loss as tuned has another label than in the fixed recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lossbench.analysis.types import Comparison, Estimate
from lossbench.analysis.within import Within
from lossbench.spec import FIXED, Condition

__all__ = ["Lined", "line_up"]


@dataclass(frozen=True, eq=False)
class Lined:
    """One condition whose losses are asked for by the labels that they have in the fixed recipe.

    Args:
        within: the condition with what was concluded.
        names: by the label of the fixed recipe the label that a loss has here.
    """

    within: Within
    names: Mapping[str, str]

    @property
    def condition(self) -> Condition:
        """Which model, scenario and recipe."""
        return self.within.condition

    @cached_property
    def means(self) -> dict[str, float]:
        """By loss the mean of the study's own metric, where it has one, in the study's order."""
        found = {loss: self.estimate(loss) for loss in self.names}
        return {loss: item.mean for loss, item in found.items() if item is not None and item.mean is not None}

    @cached_property
    def best(self) -> tuple[str, ...]:
        """The losses in the best set, best mean first; none where that cannot be asked."""
        analysis = self.within.analysis
        best = {item.loss for item in analysis.standings if item.best and item.finished}
        here = {own: loss for loss, own in self.names.items()}
        return tuple(here[own] for own in analysis.ranking if own in best and own in here)

    @cached_property
    def leader(self) -> str | None:
        """The loss with the best mean; None without a finished trial."""
        ahead = max if self.within.analysis.higher_is_better else min
        known = {loss: mean for loss, mean in self.means.items() if math.isfinite(mean)}
        return ahead(known, key=lambda loss: known[loss]) if known else None

    def estimate(self, loss: str, measure: str = "") -> Estimate | None:
        """A loss's estimate with a mean at the last epoch; of the study's own metric, or of `test.few`, ...; else None.

        `train` also finds metrics that were summed up while the epoch ran.
        """
        split, _, metric = (measure or self.within.analysis.metric).partition(".")
        wanted = {split, "train_running"} if split == "train" else {split}
        known = self._estimates.get((self.names.get(loss, ""), metric), ())
        return next((item for item in known if item.split in wanted and item.mean is not None), None)

    def pair(self, a: str, b: str) -> Comparison | None:
        """The comparison of two losses in the study's own metric, as seen from the first."""
        return self._pairs.get((self.names.get(a, ""), self.names.get(b, "")))

    @cached_property
    def _estimates(self) -> dict[tuple[str, str], list[Estimate]]:
        found: dict[tuple[str, str], list[Estimate]] = {}
        for item in self.within.analysis.estimates:
            if item.overall:
                found.setdefault((item.loss, item.metric), []).append(item)
        return found

    @cached_property
    def _pairs(self) -> dict[tuple[str, str], Comparison]:
        items = self.within.analysis.comparisons
        return {(x.a, x.b): x for item in items for x in (item, item.turned())}


def line_up(within: Sequence[Within]) -> tuple[Lined, ...]:
    """A study's conditions by the labels of the fixed recipe; as tuned, losses are matched by their place."""
    fixed = [item for item in within if item.condition.recipe == FIXED] or list(within)
    labels = tuple(dict.fromkeys(label for item in fixed for label in item.results.labels))
    return tuple(Lined(item, _names(item, labels)) for item in within)


def _names(item: Within, labels: Sequence[str]) -> dict[str, str]:
    own = item.results.labels
    if item.condition.recipe == FIXED:
        return {label: label for label in labels if label in own}
    return dict(zip(labels, own, strict=False))
