"""The answer for the terminal: the same sentences as the page, and the ranking as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lossbench.analysis.across import across
from lossbench.analysis.types import Analysis, Finding, Standing
from lossbench.analysis.within import Within
from lossbench.report.key_figures import ranks
from lossbench.report.lookup import best_set, metric_title, primary, standings
from lossbench.report.sentences_across import answer_across
from lossbench.report.sentences_answer import answer
from lossbench.report.sentences_limits import qualifications
from lossbench.report.sentences_published import agreement, setting
from lossbench.report.sentences_scenario import notes_across, scenario_notes
from lossbench.results import Results
from lossbench.text import plain

__all__ = ["Row", "Summary", "across_text", "summary_text"]


@dataclass(frozen=True)
class Row:
    """One loss in the ranking.

    Args:
        loss: its label.
        mean: of the study's own metric; None without a finished trial.
        low: lower end of its 95 % interval; None with fewer than two seeds.
        high: its upper end.
        n: how many seeds finished.
        ranks: which ranks it can have, `1 to 3`; empty where that is not known.
        best: whether it is in the best set; None where there is none.
    """

    loss: str
    mean: float | None
    low: float | None
    high: float | None
    n: int
    ranks: str = ""
    best: bool | None = None


@dataclass(frozen=True)
class Summary:
    """What a run says at its end.

    Args:
        sentences: the answer, plain text.
        metric: what the rows hold, `test accuracy`.
        rows: the losses, best first.
        findings: what became of each hypothesis.
    """

    sentences: tuple[str, ...]
    metric: str
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...] = ()

    def __str__(self) -> str:
        return " ".join(self.sentences)


def summary_text(results: Results, analysis: Analysis) -> Summary:
    """The answer in sentences and rows, without any markup."""
    notes = (*scenario_notes(results), *qualifications(results, analysis))
    sentences = tuple(map(plain, (*answer(analysis), *notes, *_beside_published(analysis))))
    stands, best = standings(analysis), best_set(analysis)
    rows = tuple(_row(analysis, loss, stands.get(loss), best) for loss in analysis.ranking)
    return Summary(sentences, metric_title(analysis.metric), rows, analysis.findings)


def across_text(within: Sequence[Within]) -> tuple[str, ...]:
    """The answer across a study's conditions, and what must be known of them, without any markup."""
    said = (*answer_across(across(within)), *notes_across([item.results for item in within]))
    return tuple(plain(sentence) for sentence in said)


def _beside_published(analysis: Analysis) -> tuple[str, ...]:
    """How many published numbers are met, and whether they are of the same setting; nothing without any."""
    beside = analysis.published
    if beside is None or not beside.rows:
        return ()
    return tuple(sentence for sentence in (agreement(beside.rows), setting(beside)) if sentence)


def _row(analysis: Analysis, loss: str, stand: Standing | None, best: Sequence[str]) -> Row:
    item, among = primary(analysis, loss), loss in best if best else None
    if item is None:
        return Row(loss, None, None, None, 0, best=among)
    return Row(loss, item.mean, item.low, item.high, len(item.seeds), ranks(stand), among)
