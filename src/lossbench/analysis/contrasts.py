"""Tests the differences that hypotheses ask for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lossbench.analysis.contrast import Contrast
from lossbench.analysis.family import Arm, Family, Question
from lossbench.analysis.looks import looks_taken
from lossbench.analysis.values import Measured
from lossbench.metrics import shots
from lossbench.results import Results

__all__ = ["contrasts"]

Floats = NDArray[np.float64]


def contrasts(
    results: Results,
    measured: Measured,
    a: str,
    others: Iterable[str],
    *,
    margin: float = 0.0,
    epochs: tuple[int, ...] | None = None,
) -> tuple[Contrast, ...]:
    """Of a loss against others: at the last epoch, or with `epochs` of the mean over them.

    All losses are part of the computation, for where they are many the variance borrows from all of them.
    """
    arms = [_arm(measured, label, epochs) for label in results.labels]
    tests = _Tests(arms, _question(results, measured, margin))
    return tuple(_contrast(tests, measured, epochs, a, other) for other in others)


def _arm(measured: Measured, loss: str, epochs: tuple[int, ...] | None) -> Arm:
    """A loss with an infinite value has no mean to compare: it takes no part, and evidence says why."""
    if not measured.finite(loss, epochs):
        return Arm(loss, {}, {}, 0)
    return Arm(loss, measured.compared(loss, epochs), {}, len(measured.diverged[loss]))


def _question(results: Results, measured: Measured, margin: float) -> Question:
    measure = measured.measure
    return Question(
        metric=f"{measure.split}.{measure.metric}",
        margin=margin,
        higher_is_better=measured.higher_is_better,
        pictures=_pictures(results, measured),
        classes=len(results.data.class_names),
        looks=looks_taken(results),
        seeds=tuple(results.study.get("seeds", ())),
    )


def _pictures(results: Results, measured: Measured) -> int:
    """How many pictures the metric is taken over; of some classes those of these classes; 0 where nobody knows."""
    data, measure = results.data, measured.measure
    if measure.metric in ("memorised", "corrected"):
        return data.mislabelled
    groups = shots(data.class_counts)
    if measure.class_name is None and measure.metric not in groups:
        return {"train": data.train, "validation": data.validation}.get(measure.split, data.test)
    counts = next((matrix for of in results.confusion.values() for matrix in of.values()), None)
    named = [data.class_names.index(measure.class_name)] if measure.class_name else groups[measure.metric]
    return 0 if counts is None else int(counts[list(named)].sum())


def _contrast(tests: _Tests, measured: Measured, epochs: tuple[int, ...] | None, a: str, b: str) -> Contrast:
    labels = [arm.label for arm in tests.arms]
    i, j = labels.index(a), labels.index(b)
    sign = 1.0 if i < j else -1.0
    at = tests.pairs.index((min(i, j), max(i, j)))
    looks = tests.question.looks
    above, below = (tests.p_above, tests.p_below)[:: int(sign)]
    there = ~np.isnan(tests.d[at])
    return Contrast(
        a=a,
        b=b,
        measured=measured,
        epochs=epochs,
        margin=tests.question.margin,
        seeds=tuple(seed for seed, known in zip(tests.seeds, there, strict=True) if known),
        mean=sign * float(tests.plain.mean[at]),
        half=float(tests.plain.half_width(tests.alpha)[at]),
        half_90=float(tests.plain.half_width(2 * tests.alpha)[at]),
        p_difference=float(tests.p_difference[at]),
        p_equivalence=float(tests.p_equivalence[at]),
        p_beyond=float(tests.p_beyond[at]),
        p_above=float(above[at]),
        p_below=float(below[at]),
        looks=None if looks is None else len(looks),
        guessed=tests.question.guessed,
        remark=_remark(tests, at),
    )


def _remark(tests: _Tests, at: int) -> str:
    """Whose variance the tests use, where it is not the pair's own."""
    if tests.moderated[at]:
        return "the variance borrows from the other losses"
    return "the seeds differ by less than rounding, whose variance is used" if tests.plain.degenerate[at] else ""


class _Tests(Family):
    """The tests of all pairs that only hypotheses ask for; over all looks where there are any."""

    @cached_property
    def p_above(self) -> Floats:
        """One-sided: small where a is shown to be above b."""
        return self._over_looks(lambda tests: tests.p_greater())

    @cached_property
    def p_below(self) -> Floats:
        """One-sided: small where a is shown to be below b."""
        return self._over_looks(lambda tests: 1 - tests.p_greater())

    @cached_property
    def p_beyond(self) -> Floats:
        """Of two one-sided tests that the difference is beyond the margin, on either side; doubled, for they are two.

        At most .05 where the 95 % interval lies wholly outside the margin.
        """
        margin = self.question.margin
        return self._over_looks(
            lambda tests: np.minimum(2 * stats.t.sf((np.abs(tests.mean) - margin) / tests.error, tests.df), 1.0)
        )
