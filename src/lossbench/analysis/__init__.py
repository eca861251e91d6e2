"""What can be concluded: a pure function of the results table. Imports neither torch nor the catalogue."""

from lossbench.analysis.analyse import analyse
from lossbench.analysis.decided import BEST, open_questions
from lossbench.analysis.estimates import METRICS
from lossbench.analysis.holm import holm
from lossbench.analysis.published_types import Against, BesidePublished, Ordering
from lossbench.analysis.types import (
    Analysis,
    Comparison,
    Estimate,
    Explanation,
    Finding,
    Outcome,
    Standing,
    Verdict,
)
from lossbench.analysis.within import Within

__all__ = [
    "BEST",
    "METRICS",
    "Against",
    "Analysis",
    "BesidePublished",
    "Comparison",
    "Estimate",
    "Explanation",
    "Finding",
    "Ordering",
    "Outcome",
    "Standing",
    "Verdict",
    "Within",
    "analyse",
    "holm",
    "open_questions",
]
