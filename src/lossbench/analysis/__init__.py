"""What can be concluded: a pure function of the results table. Imports neither torch nor the catalogue."""

from lossbench.analysis.analyse import METRICS, analyse
from lossbench.analysis.comparisons import compare_all, holm
from lossbench.analysis.types import Analysis, Comparison, Estimate, Verdict

__all__ = ["METRICS", "Analysis", "Comparison", "Estimate", "Verdict", "analyse", "compare_all", "holm"]
