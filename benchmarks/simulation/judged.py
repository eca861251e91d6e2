"""The protocol on many studies at once, from the parts that verdicts are made of; and that these are the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lossbench.analysis.best import leaves_best
from lossbench.analysis.comparisons import compare_all
from lossbench.analysis.family import Arm, Family, Question
from lossbench.analysis.holm import holm
from lossbench.analysis.looks import combined
from lossbench.analysis.moderated import Prior, many
from lossbench.analysis.paired import ALPHA, Differences

__all__ = ["Judged", "agree", "judge", "pairs_of"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Judged:
    """What the protocol says of many studies.

    Args:
        better: per study and pair whether the first is shown to be better, (studies, pairs).
        worse: likewise worse.
        equivalent: likewise equivalent.
        real: whether a difference is shown, be it below the margin.
        dropped: per study and loss whether it leaves the best set, (studies, losses).
    """

    better: Flags
    worse: Flags
    equivalent: Flags
    real: Flags
    dropped: Flags


def pairs_of(losses: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of both losses of each pair, as a family orders them."""
    both = np.array(list(combinations(range(losses), 2)))
    return both[:, 0], both[:, 1]


def judge(
    values: Floats, margin: float, *, looks: Sequence[int] | None = None, plain: bool = False, adjust: bool = True
) -> Judged:
    """Verdicts of many studies.

    Args:
        values: (studies, losses, seeds), every trial finished; higher is better.
        margin: of equivalence.
        looks: the looks taken; None for a fixed number of seeds.
        plain: without moderated variance.
        adjust: False leaves Holm out, which must show.
    """
    losses, seeds = values.shape[1:]
    tests = [_tests(values[..., :n], plain) for n in (looks or (seeds,))]
    p_difference = _over([of.p_difference() for of in tests], looks)
    p_equivalence = _over([of.p_equivalence(margin) for of in tests], looks)
    if adjust:
        p_difference, p_equivalence = holm(p_difference), holm(p_equivalence)
    own = Differences.of(_differences(values))
    clear = np.abs(own.mean) > own.half_width(ALPHA) if looks is None else np.full(own.mean.shape, True)
    inside = np.abs(own.mean) + own.half_width(2 * ALPHA) < margin if looks is None else np.full(own.mean.shape, True)
    equivalent = (p_equivalence <= ALPHA) & inside
    real = (p_difference <= ALPHA) & clear
    above = np.full((len(values), losses, losses), np.nan)
    a, b = pairs_of(losses)
    above[:, a, b] = _over([of.p_greater() for of in tests], looks)
    above[:, b, a] = _over([1 - of.p_greater() for of in tests], looks)
    return Judged(
        better=real & ~equivalent & (own.mean > 0),
        worse=real & ~equivalent & (own.mean < 0),
        equivalent=equivalent,
        real=real,
        dropped=leaves_best(above) <= ALPHA,
    )


def agree(values: Floats, margin: float, *, looks: Sequence[int] | None = None) -> bool:
    """Whether the verdicts of some studies are those that the product gives for each."""
    batch = judge(values, margin, looks=looks)
    seeds = values.shape[-1]
    names = {"better": batch.better, "worse": batch.worse, "equivalent": batch.equivalent}
    for study, table in enumerate(values):
        arms = [Arm(f"l{k:02d}", dict(enumerate(row, start=1)), {}, 0) for k, row in enumerate(table)]
        question = Question(
            "test.accuracy",
            margin,
            True,
            looks=None if looks is None else tuple(looks),
            seeds=tuple(range(1, seeds + 1)),
        )
        family = Family(arms, question)
        for pair, item in enumerate(compare_all(family)):
            verdict = next((name for name, flags in names.items() if flags[study, pair]), "undecided")
            if (item.verdict, item.real) != (verdict, bool(batch.real[study, pair])):
                return False
        if not np.array_equal(family.p_best <= ALPHA, batch.dropped[study]):
            return False
    return True


def _differences(values: Floats) -> Floats:
    a, b = pairs_of(values.shape[1])
    return np.asarray(values[:, a] - values[:, b])


def _tests(values: Floats, plain: bool) -> Differences:
    """Every pair's differences with the variance that verdicts use."""
    tests = Differences.of(_differences(values))
    losses, seeds = values.shape[1:]
    if plain or not many(losses, seeds):
        return tests
    prior = Prior.of(values)
    if prior is None:
        return tests
    variance, df = prior.moderate(tests.variance, tests.n, *pairs_of(losses))
    return tests.using(variance, df)


def _over(p: Sequence[Floats], looks: Sequence[int] | None) -> Floats:
    return p[0] if looks is None else np.asarray(combined(p, looks))
