"""The report: one self-contained page, its tables and its figures, all computed from results and analysis.

`sentences_*` turn results into sentences, `page` puts the page together, `write` puts everything into a folder,
`overview` does so above several conditions, `summary` gives the same answer for a terminal.
"""

from lossbench.report.forms import FORMS, check_forms, parse_forms
from lossbench.report.overview import write_overview
from lossbench.report.summary import Row, Summary, across_text, summary_text
from lossbench.report.tables import frames, frames_across
from lossbench.report.write import write_report

__all__ = [
    "FORMS",
    "Row",
    "Summary",
    "across_text",
    "check_forms",
    "frames",
    "frames_across",
    "parse_forms",
    "summary_text",
    "write_overview",
    "write_report",
]
