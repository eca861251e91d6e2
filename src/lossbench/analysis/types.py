"""What an analysis says, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from lossbench.analysis.published_types import BesidePublished

__all__ = ["Analysis", "Comparison", "Estimate", "Explanation", "Finding", "Outcome", "Standing", "Verdict"]

Verdict = Literal["better", "worse", "equivalent", "undecided"]
Outcome = Literal["supported", "contradicted", "undecided", "not tested"]

_OPPOSITE: Mapping[Verdict, Verdict] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True)
class Estimate:
    """One metric of one loss on one split, over the seeds that finished.

    Args:
        loss: the loss's label.
        split: `train`, `train_running`, `test` or `validation`.
        metric: a column of the history (`accuracy`, `nll`, ...), `ece_calibrated` (after temperature scaling), or of
            one class `precision`, `recall`, `f1`.
        epoch: the epoch it is taken at; None where each seed has its own, selected on the validation split.
        seeds: the seeds that finished, ascending.
        values: one value per such seed.
        mean: their mean; None without values.
        sd: their standard deviation (n − 1); None with fewer than two.
        low: lower end of the 95 % t interval of the mean; None with fewer than two.
        high: its upper end.
        diverged: seeds that diverged; where there are any the estimate holds given convergence.
        failed: seeds that failed or are missing.
        class_name: the class that it is of; None for all classes.
    """

    loss: str
    split: str
    metric: str
    epoch: int | None
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    diverged: int
    failed: int
    class_name: str | None = None

    @property
    def overall(self) -> bool:
        """Whether it is of all classes, at the last epoch."""
        return self.epoch is not None and self.class_name is None


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
        low_new: lower end of the 95 % interval for new test pictures too, crossed over seeds and pictures; None where
            the metric is no mean over pictures, or with fewer than two seeds.
        high_new: its upper end.
        p_difference: two-sided t test with the variance that verdicts use; None with fewer than two seeds.
        p_adjusted: the same after Holm over all pairs.
        p_equivalence: two one-sided tests against the margin, after Holm.
        low_verdict: lower end of the interval at the pair's level in Holm's procedure, with the variance of verdicts.
        high_verdict: its upper end.
        probability_of_superiority: (wins + ties / 2) / seeds of a over b; describes, and tests nothing.
        superiority_low: lower end of its exact 95 % interval.
        superiority_high: its upper end.
        seeds_to_decide: the fewest seeds that would show this difference with 80 % power at this variance; None where
            it is decided, cannot be said, or is beyond `MOST_SEEDS`.
        seeds_to_decide_high: the same with the standard deviation at its upper 80 % limit.
        p_mcnemar: exact McNemar test over test pictures, with one seed; else None.
        degenerate: whether the variance was raised to what rounding alone gives.
        moderated: whether the variance of verdicts borrows from the other losses.
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
    low_new: float | None = None
    high_new: float | None = None
    low_verdict: float | None = None
    high_verdict: float | None = None
    superiority_low: float | None = None
    superiority_high: float | None = None
    seeds_to_decide: int | None = None
    seeds_to_decide_high: int | None = None
    p_mcnemar: float | None = None
    degenerate: bool = False
    moderated: bool = False

    @property
    def real(self) -> bool:
        """Whether there is a difference for certain, be it below the margin."""
        return self.verdict in ("better", "worse") or (self.verdict == "equivalent" and bool(self.reason))

    def turned(self) -> Comparison:
        """The same comparison, said of b."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            difference=_minus(self.difference),
            low=_minus(self.high),
            high=_minus(self.low),
            low_new=_minus(self.high_new),
            high_new=_minus(self.low_new),
            low_verdict=_minus(self.high_verdict),
            high_verdict=_minus(self.low_verdict),
            probability_of_superiority=_rest(self.probability_of_superiority),
            superiority_low=_rest(self.superiority_high),
            superiority_high=_rest(self.superiority_low),
            verdict=_OPPOSITE.get(self.verdict, self.verdict),
        )


@dataclass(frozen=True)
class Standing:
    """Where one loss stands among all in the primary metric, and how often it diverged.

    Args:
        loss: the loss's label.
        rank_low: the best rank that it can have: 1 + how many are significantly better; simultaneous over losses.
        rank_high: the worst: how many there are − how many are significantly worse. None without a finished seed.
        best: whether it is in the best set: not shown to be below the best (Hsu's comparisons with the best); None
            where that cannot be asked.
        p_best: the p-value at which it would leave the best set, adjusted; None likewise.
        finished: seeds that finished.
        diverged: seeds that diverged.
        failed: seeds that failed or are missing.
        diverged_low: lower end of the exact 95 % interval of the share of diverging seeds; None without an ended seed.
        diverged_high: its upper end.
        collapsed: finished seeds whose last test accuracy guessing explains.
    """

    loss: str
    rank_low: int | None
    rank_high: int | None
    best: bool | None
    p_best: float | None
    finished: int
    diverged: int
    failed: int
    diverged_low: float | None
    diverged_high: float | None
    collapsed: int


@dataclass(frozen=True)
class Finding:
    """What became of one hypothesis.

    Args:
        hypothesis: as the study wrote it, before the run.
        outcome: supported, contradicted, undecided, or not tested.
        evidence: one sentence, computed.
    """

    hypothesis: str
    outcome: Outcome
    evidence: str


@dataclass(frozen=True)
class Explanation:
    """A rule over what was recorded that holds for a loss: why it did what it did.

    Args:
        loss: the loss's label.
        rule: which rule, a name of `RULES`.
        seeds: in how many finished or diverged seeds it holds.
        of: out of how many.
        threshold: the rule's stated threshold.
        values: the measured quantities that the rule rests on, means over the seeds where it holds, by name.
    """

    loss: str
    rule: str
    seeds: int
    of: int
    threshold: float
    values: Mapping[str, float] = field(default_factory=dict)


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
        standings: one per loss, in the study's order.
        secondary: every pair of losses in the other test metrics, each metric a family of its own.
        findings: one per hypothesis of the plan, in its order.
        explanations: the rules that hold, loss by loss.
        published: the results beside the published table that the study names; None where it names none.
    """

    metric: str
    margin: float
    higher_is_better: bool
    estimates: tuple[Estimate, ...]
    comparisons: tuple[Comparison, ...]
    ranking: tuple[str, ...]
    leaders: tuple[str, ...]
    standings: tuple[Standing, ...] = ()
    secondary: tuple[Comparison, ...] = ()
    findings: tuple[Finding, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    published: BesidePublished | None = None

    def estimate(self, loss: str, metric: str = "accuracy", split: str = "test") -> Estimate:
        """The last epoch's estimate of a loss, metric and split, of all classes; `train` also finds `train_running`."""
        wanted = {split, "train_running"} if split == "train" else {split}
        return next(
            e for e in self.estimates if e.overall and e.loss == loss and e.metric == metric and e.split in wanted
        )


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _rest(share: float | None) -> float | None:
    return None if share is None else 1 - share
