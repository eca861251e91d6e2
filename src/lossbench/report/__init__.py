"""The report: one self-contained page, its tables and its figures, all computed from results and analysis.

`sentences_*` turn results into sentences, `page` puts the page together, `write` puts everything into a folder,
`summary` gives the same answer for a terminal.
"""

from lossbench.report.summary import Row, Summary, summary_text
from lossbench.report.write import write_report

__all__ = ["Row", "Summary", "summary_text", "write_report"]
