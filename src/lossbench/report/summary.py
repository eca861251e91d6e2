"""The answer for the terminal: the same sentences as the page, and the ranking as rows."""

from __future__ import annotations

from dataclasses import dataclass

from lossbench.analysis.types import Analysis
from lossbench.figures.text import plain
from lossbench.report.lookup import metric_title, primary
from lossbench.report.sentences_answer import answer, qualifications
from lossbench.results import Results

__all__ = ["Row", "Summary", "summary_text"]


@dataclass(frozen=True)
class Row:
    """One loss in the ranking.

    Args:
        loss: its label.
        mean: of the study's own metric; None without a finished trial.
        low: lower end of its 95 % interval; None with fewer than two seeds.
        high: its upper end.
        n: how many seeds finished.
    """

    loss: str
    mean: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Summary:
    """What a run says at its end.

    Args:
        sentences: the answer, plain text.
        metric: what the rows hold, `test accuracy`.
        rows: the losses, best first.
    """

    sentences: tuple[str, ...]
    metric: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        return " ".join(self.sentences)


def summary_text(results: Results, analysis: Analysis) -> Summary:
    """The answer in sentences and rows, without any markup."""
    sentences = tuple(plain(sentence) for sentence in (*answer(analysis), *qualifications(results, analysis)))
    return Summary(sentences, metric_title(analysis.metric), tuple(_row(analysis, loss) for loss in analysis.ranking))


def _row(analysis: Analysis, loss: str) -> Row:
    item = primary(analysis, loss)
    return (
        Row(loss, None, None, None, 0) if item is None else Row(loss, item.mean, item.low, item.high, len(item.seeds))
    )
