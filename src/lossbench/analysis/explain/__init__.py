"""Why a loss did what it did: rules over what was recorded, each with a stated threshold."""

from lossbench.analysis.explain.explained import explain
from lossbench.analysis.explain.rule import Rule
from lossbench.analysis.explain.rules import RULES

__all__ = ["RULES", "Rule", "explain"]
