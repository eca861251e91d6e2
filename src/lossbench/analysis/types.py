"""What an analysis says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Analysis", "Comparison", "Estimate", "Verdict"]

Verdict = Literal["better", "worse", "equivalent", "undecided"]


@dataclass(frozen=True)
class Estimate:
    """One metric of one loss on one split at the last epoch, over the seeds that finished.

    Args:
        loss: the loss's label.
        split: `train`, `train_running`, `test` or `validation`.
        metric: a column of the history: `accuracy`, `nll`, ...
        epoch: the epoch it is taken at.
        seeds: the seeds that finished, ascending.
        values: one value per such seed.
        mean: their mean; None without values.
        sd: their standard deviation (n − 1); None with fewer than two.
        low: lower end of the 95 % t interval of the mean; None with fewer than two.
        high: its upper end.
        diverged: seeds that diverged.
        failed: seeds that failed or are missing.
    """

    loss: str
    split: str
    metric: str
    epoch: int
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    diverged: int
    failed: int


@dataclass(frozen=True)
class Comparison:
    """Loss `a` against loss `b` in one test metric, paired over the seeds finished by both.

    Args:
        metric: `test.accuracy`, ...
        a: a loss's label.
        b: another's, later in the study's order.
        seeds: how many seeds both finished.
        difference: mean of a − b; None when no seed finished both.
        low: lower end of the 95 % interval: the paired t over seeds (retraining, this test set), or, with one seed
            and a per-picture metric, normal over test pictures (these two trained networks only).
        high: its upper end.
        p_difference: two-sided paired t test; None with fewer than two seeds.
        p_adjusted: the same after Holm over all pairs.
        p_equivalence: two one-sided tests against the margin, after Holm.
        probability_of_superiority: (wins + ties / 2) / seeds of a over b.
        verdict: said of a, in the metric's good direction.
        reason: why it is undecided, or what qualifies it; a few words, or empty.
    """

    metric: str
    a: str
    b: str
    seeds: int
    difference: float | None
    low: float | None
    high: float | None
    p_difference: float | None
    p_adjusted: float | None
    p_equivalence: float | None
    probability_of_superiority: float | None
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Analysis:
    """Everything that is concluded from a results table.

    Args:
        metric: the primary metric, `test.accuracy`.
        margin: differences below it are of no practical importance.
        higher_is_better: the primary metric's good direction.
        estimates: of every loss, split and metric, in the table's order.
        comparisons: of every pair of losses in the primary metric.
        ranking: the losses by the primary metric's mean, best first; those without a finished seed last.
        leaders: the losses that no other is shown to be better than.
    """

    metric: str
    margin: float
    higher_is_better: bool
    estimates: tuple[Estimate, ...]
    comparisons: tuple[Comparison, ...]
    ranking: tuple[str, ...]
    leaders: tuple[str, ...]

    def estimate(self, loss: str, metric: str = "accuracy", split: str = "test") -> Estimate:
        """The one estimate of a loss, metric and split; `train` also finds `train_running`."""
        wanted = {split, "train_running"} if split == "train" else {split}
        return next(e for e in self.estimates if e.loss == loss and e.metric == metric and e.split in wanted)
