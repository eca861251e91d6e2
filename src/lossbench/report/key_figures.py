"""The table under the answer: every loss with its ranks, its numbers and its trials, best first."""

from __future__ import annotations

from dataclasses import dataclass

from lossbench.analysis.types import Analysis, Estimate, Standing
from lossbench.figures.curves import ended, split_title, train_split
from lossbench.report.lookup import best_set, column_title, estimate, finished, standings
from lossbench.results import Results

__all__ = ["KeyFigures", "KeyRow", "key_figures", "ranks", "trials"]

_ALONGSIDE = ("accuracy", "f1", "nll", "ece")  # of every loss, on the test set


@dataclass(frozen=True)
class KeyRow:
    """One loss.

    Args:
        rank: by its mean; None without a finished trial.
        ranks: which ranks it can have, `1 to 3`; empty where that is not known.
        loss: its label.
        best: whether it is in the best set.
        cells: an estimate per head, None without a value.
        trials: how many finished, diverged, failed, are missing, ended at chance.
    """

    rank: int | None
    ranks: str
    loss: str
    best: bool
    cells: tuple[Estimate | None, ...]
    trials: str


@dataclass(frozen=True)
class KeyFigures:
    """The whole table.

    Args:
        heads: what the cells hold.
        rows: best first.
        bold: the losses that are set off: the best set, or where there is none those that no other is shown to be
            better than; empty where that would be all.
        has_best: whether there is a best set that does not hold all losses.
        has_ranks: whether any row has ranks.
    """

    heads: tuple[str, ...]
    rows: tuple[KeyRow, ...]
    bold: frozenset[str]
    has_best: bool
    has_ranks: bool


def key_figures(results: Results, analysis: Analysis) -> KeyFigures:
    """The study's own metric first, then the others on the test set, then training accuracy."""
    split, _, own = analysis.metric.partition(".")
    wanted = [(split, own), *(("test", name) for name in _ALONGSIDE if ("test", name) != (split, own))]
    wanted.append((train_split(results), "accuracy"))
    if results.external:
        wanted = [(at, name) for at, name in wanted if any(estimate(analysis, x, name, at) for x in results.labels)]
    stands, best = standings(analysis), best_set(analysis)
    rows = []
    for rank, loss in enumerate(analysis.ranking, start=1):
        cells = tuple(estimate(analysis, loss, name, at) for at, name in wanted)
        made = KeyRow(
            rank=rank if cells[0] else None,
            ranks=ranks(stands.get(loss)),
            loss=loss,
            best=loss in best,
            cells=cells,
            trials=trials(results, loss, stands.get(loss)),
        )
        rows.append(made)
    ranked = {item.loss for item in finished(analysis)}
    ahead = set(best or analysis.leaders)
    return KeyFigures(
        heads=tuple(f"{split_title(at)} {column_title(name)}" for at, name in wanted),
        rows=tuple(rows),
        bold=frozenset(ahead if ahead < ranked else ()),
        has_best=0 < len(best) < len(ranked),
        has_ranks=any(row.ranks for row in rows),
    )


def ranks(item: Standing | None) -> str:
    """The ranks that a loss can have: `1 to 3`, or one; empty where that is not known."""
    if item is None or item.rank_low is None or item.rank_high is None:
        return ""
    return str(item.rank_low) if item.rank_low == item.rank_high else f"{item.rank_low} to {item.rank_high}"


def trials(results: Results, loss: str, item: Standing | None) -> str:
    """`4 of 5; 1 diverged (1 % to 72 %); 2 at chance`."""
    counts = {status: len(ended(results, loss, status)) for status in ("finished", "diverged", "failed", "missing")}
    parts = [f"{counts['finished']} of {sum(counts.values())}"]
    for status in ("diverged", "failed", "missing"):
        share = _share(item) if status == "diverged" else ""
        parts += [f"{counts[status]} {status}{share}"] if counts[status] else []
    parts += [f"{item.collapsed} at chance"] if item and item.collapsed else []
    return "; ".join(parts)


def _share(item: Standing | None) -> str:
    if item is None or item.diverged_low is None or item.diverged_high is None:
        return ""
    return f" ({100 * item.diverged_low:.0f} % to {100 * item.diverged_high:.0f} %)"
