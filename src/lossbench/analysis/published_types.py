"""Our numbers beside published ones, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lossbench.published import Differs, Published, Reported

__all__ = ["Against", "Basis", "BesidePublished", "Ordering"]

Basis = Literal["both", "theirs", "ours", "none"]


@dataclass(frozen=True)
class Against:
    """One of our means held against a published number.

    Args:
        loss: our label.
        reported: the published number.
        mean: ours at the last epoch; None without a finished seed.
        sd: over our seeds; None with fewer than two.
        seeds: how many finished.
        difference: ours − the published one.
        low: lower end of the 95 % interval of the difference; None where there is none.
        high: its upper end.
        basis: whose spread the interval comes from: of both (Welch's t); `theirs`, taken for ours, which is one seed;
            `ours`, where the source gives none, so that the published number is taken as if it were exact; `none`.
        overrides: what our loss is trained with instead of the study's recipe; empty for most.
    """

    loss: str
    reported: Reported
    mean: float | None
    sd: float | None
    seeds: int
    difference: float | None
    low: float | None
    high: float | None
    basis: Basis
    overrides: str = ""

    @property
    def within(self) -> bool | None:
        """Whether the difference lies within the uncertainty that is known; None where that cannot be said."""
        return None if self.low is None or self.high is None else self.low <= 0 <= self.high


@dataclass(frozen=True)
class Ordering:
    """Whether the losses that both have are ordered alike in one metric.

    Args:
        metric: `test.accuracy`.
        losses: our labels, in the order of the published means, best first.
        tau: Kendall's tau-b of the published means and ours; None where all of one side are equal.
        otherwise: pairs whose first loss is published as the better one and came out as the worse one here.
    """

    metric: str
    losses: tuple[str, ...]
    tau: float | None
    otherwise: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BesidePublished:
    """A study's results beside the published table that it names.

    Args:
        table: with its source, its setting and its notes.
        rows: one per loss and metric that both have, in the study's order.
        orderings: one per metric in which both have two losses or more.
        differs: in what the study's setting differs from the published one.
    """

    table: Published
    rows: tuple[Against, ...]
    orderings: tuple[Ordering, ...]
    differs: tuple[Differs, ...]
