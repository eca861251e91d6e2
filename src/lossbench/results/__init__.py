"""The results table: finished, diverged, failed and missing trials of one study, as values."""

from lossbench.results.collect import collect
from lossbench.results.external import read_table
from lossbench.results.scenario_columns import SCENARIO_COLUMNS
from lossbench.results.types import HISTORY_COLUMNS, LOGIT_COLUMNS, DataView, LossView, Results

__all__ = [
    "HISTORY_COLUMNS",
    "LOGIT_COLUMNS",
    "SCENARIO_COLUMNS",
    "DataView",
    "LossView",
    "Results",
    "collect",
    "read_table",
]
