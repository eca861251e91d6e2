"""All rules, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossbench.analysis.explain.confidence import OVER_CONFIDENT, UNDER_CONFIDENT
from lossbench.analysis.explain.course import OVERFITTING, STILL_LEARNING, WORSE_THAN_ITSELF_EARLIER
from lossbench.analysis.explain.gradients import EXPLODING_GRADIENTS, SCALE_NOT_COMPENSATED, VANISHING_GRADIENTS
from lossbench.analysis.explain.predictions import CHANCE_WHILE_LOSS_FALLS, COLLAPSED, OUTPUTS_AT_MEDIAN
from lossbench.analysis.explain.rule import Rule

__all__ = ["RULES"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            CHANCE_WHILE_LOSS_FALLS,
            OUTPUTS_AT_MEDIAN,
            COLLAPSED,
            VANISHING_GRADIENTS,
            EXPLODING_GRADIENTS,
            SCALE_NOT_COMPENSATED,
            OVERFITTING,
            WORSE_THAN_ITSELF_EARLIER,
            STILL_LEARNING,
            OVER_CONFIDENT,
            UNDER_CONFIDENT,
        )
    }
)
"""Every rule by its name."""
