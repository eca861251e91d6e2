"""The difference of two losses in one measure: what tests say of it, and how it is told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lossbench.analysis.evidence import diverged, of_seeds, span
from lossbench.analysis.family import FEWEST_SEEDS
from lossbench.analysis.values import Measured
from lossbench.spec import LOOKS
from lossbench.text import counted, fixed, signed

__all__ = ["Contrast"]


@dataclass(frozen=True, eq=False)
class Contrast:
    """What the tests say of a − b; NaN where nothing can be said.

    Args:
        a: a loss's label.
        b: another's.
        measured: what is compared.
        epochs: the epochs whose mean is compared; None for the last epoch alone.
        margin: what the difference is held against.
        seeds: the seeds of the pair, ascending.
        mean: mean of a − b.
        half: half of the 95 % interval, with the pair's own variance; wider at a look.
        half_90: half of the 90 % interval, likewise.
        p_difference: two-sided, not adjusted.
        p_equivalence: of two one-sided tests within the margin, not adjusted.
        p_beyond: of two one-sided tests beyond it, not adjusted.
        p_above: one-sided that a is above.
        p_below: one-sided that a is below.
        looks: how many looks the p-values are combined over; None for a fixed number of seeds.
        guessed: what a loss that diverged in every seed counts as; None where it counts as nothing.
        remark: what qualifies the variance; a few words, or empty.
    """

    a: str
    b: str
    measured: Measured
    epochs: tuple[int, ...] | None
    margin: float
    seeds: tuple[int, ...]
    mean: float
    half: float
    half_90: float
    p_difference: float
    p_equivalence: float
    p_beyond: float
    p_above: float
    p_below: float
    looks: int | None
    guessed: float | None
    remark: str

    @property
    def testable(self) -> bool:
        """Whether there is a p-value."""
        return not math.isnan(self.p_difference)

    @property
    def includes_zero(self) -> bool:
        """Whether the 95 % interval does; at looks the p-values alone speak, here and below."""
        return self.looks is None and not abs(self.mean) > self.half

    @property
    def within(self) -> bool:
        """Whether the 90 % interval lies inside the margin."""
        return self.looks is not None or abs(self.mean) + self.half_90 < self.margin

    @property
    def beyond(self) -> bool:
        """Whether the 95 % interval lies outside the margin."""
        return self.looks is not None or abs(self.mean) - self.half > self.margin

    @property
    def any_diverged(self) -> bool:
        """Whether either loss did, in any seed."""
        return any(self.measured.diverged[loss] for loss in (self.a, self.b))

    @property
    def left_out(self) -> bool:
        """Whether the second loss diverged in every seed and counts as nothing."""
        return self.guessed is None and bool(self.measured.diverged[self.b]) and not self.measured.curves[self.b]

    @property
    def counts_as_guessing(self) -> str:
        """The loss that does; empty where there is none."""
        lost = [loss for loss in (self.a, self.b) if self.measured.diverged[loss] and not self.measured.curves[loss]]
        return lost[0] if lost and self.seeds and self.guessed is not None else ""

    @property
    def held_back(self) -> str:
        """Why a difference that tests show is not yet a finding; empty where it is one."""
        if len(self.seeds) < FEWEST_SEEDS:
            return f"fewer than {FEWEST_SEEDS} seeds show no difference"
        better = self.a if (self.mean > 0) == self.measured.higher_is_better else self.b
        return f"only where {better}, the better one, converged" if self.measured.diverged[better] else ""

    @property
    def untestable(self) -> str:
        """Why there is no p-value."""
        n = len(self.seeds)
        infinite = [loss for loss in (self.a, self.b) if not self.measured.finite(loss, self.epochs)]
        if infinite:
            return f"values of {infinite[0]} are not finite"
        if self.epochs == () and self.measured.curves[self.a] and self.measured.curves[self.b]:
            return "no epoch was evaluated in every finished trial of both"
        if n == 0:
            return f"no seed finished both {self.a} and {self.b}"
        if self.looks == 0:
            return f"the first look is at {LOOKS[0]} seeds, before which nothing is decided"
        if n == 1:
            return "one seed cannot tell what another would give"
        return "the difference is the same in every seed" if math.isnan(self.half) else "no look had two seeds of both"

    def told(self, confidence: int = 95) -> str:
        """`The difference in test.accuracy, a − b, is +0.030 (95 % interval 0.020 to 0.040, 5 seeds)`.

        Args:
            confidence: 95, or 90, the interval that two one-sided tests are read off.
        """
        mean = "" if self.epochs is None else f" as a mean over {counted(len(self.epochs), 'evaluated epoch')}"
        half = self.half if confidence == 95 else self.half_90
        ends = [] if math.isnan(half) else [f"{confidence} % interval {span(self.mean - half, self.mean + half)}"]
        inside = ", ".join([*ends, of_seeds(self.seeds)])
        return (
            f"The difference in {self.measured.measure}{mean}, {self.a} − {self.b}, is {signed(self.mean)} ({inside})"
        )

    @property
    def over_looks(self) -> str:
        """` over 2 looks`; empty for a fixed number of seeds."""
        return f" over {counted(self.looks, 'look')}" if self.looks else ""

    @property
    def asides(self) -> tuple[str, ...]:
        """What else must be known: divergence, and whose variance it is."""
        lost = self.counts_as_guessing
        as_guess = f" and counts as guessing, {fixed(self.guessed or 0)}"
        told = (diverged(self.measured, loss) + as_guess * (loss == lost) for loss in (self.a, self.b))
        return (*told, self.remark)
