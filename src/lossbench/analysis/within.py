"""`Within`: what is concluded within one condition of a study, which is where losses are compared."""

from __future__ import annotations

from dataclasses import dataclass

from lossbench.analysis.types import Analysis
from lossbench.results import Results
from lossbench.spec import Condition

__all__ = ["Within"]


@dataclass(frozen=True, eq=False)
class Within:
    """One condition of a study with its results and what was concluded from them.

    Args:
        condition: which model, scenario and recipe.
        results: its table.
        analysis: of that table alone.
    """

    condition: Condition
    results: Results
    analysis: Analysis
