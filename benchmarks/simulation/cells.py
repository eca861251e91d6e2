"""What is promised, cell by cell: how often the protocol may err, and how often its intervals must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulation.drawn import VARIANCES, deviations, draw_pictures, draw_values
from benchmarks.simulation.judged import agree, judge, pairs_of
from lossbench.analysis.crossed import Crossed
from lossbench.analysis.holm import holm
from lossbench.analysis.looks import weight_at
from lossbench.analysis.paired import ALPHA, Differences
from lossbench.rng import stream
from lossbench.spec import LOOKS

__all__ = ["COVERS", "ERRS", "FEW", "Cell", "Gate", "Result", "cells", "run"]

MARGIN = 0.005  # as in the protocol's own figures
PAIRED = 0.003  # standard deviation of a paired difference, over seeds
MANY = 40  # losses from which on a tenth of the studies is simulated
AT_ONCE = 4_000_000  # numbers that are held at once
CHECKED = 80  # arms of losses, in the first studies of each part, whose verdicts are also taken from the product

Rng = np.random.Generator
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Gate:
    """Between which shares a cell passes."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"at most {self.high:.3f}" if self.low == 0 else f"{self.low:.3f} to {self.high:.3f}"


COVERS = Gate(0.935, 0.965)
ERRS = Gate(0.0, 0.055)
FEW = Gate(0.0, 0.062)
"""The same where only some two thousand studies are simulated, for simulation errs too."""


@dataclass(frozen=True)
class Cell:
    """One line of the table.

    Args:
        promise: what is counted.
        setting: of which studies.
        seeds: how many they have; 0 for those that run until they are decided.
        gate: where it passes; None for what is shown only.
        size: numbers that one study takes.
        share: of the studies that are asked for.
        simulate: counts, per study, whether it happened, (studies,).
    """

    promise: str
    setting: str
    seeds: int
    gate: Gate | None
    size: int
    share: float
    simulate: Callable[[Rng, int], Flags]


@dataclass(frozen=True)
class Result:
    """What came out of a cell.

    Args:
        promise: what was counted.
        setting: of which studies.
        seeds: how many they have; 0 for those that run until they are decided.
        gate: where it passes; None for what is shown only.
        studies: how many were simulated.
        rate: in which share of them it happened.
    """

    promise: str
    setting: str
    seeds: int
    gate: Gate | None
    studies: int
    rate: float

    @property
    def passed(self) -> bool | None:
        """Whether the gate holds; None without one."""
        return None if self.gate is None else self.gate.low <= self.rate <= self.gate.high


def run(cell: Cell, studies: int) -> Result:
    """Simulates a cell; the same numbers every time."""
    total = max(int(studies * cell.share), 1)
    key = crc32(f"{cell.promise}/{cell.setting}/{cell.seeds}".encode())
    part, happened, done = max(AT_ONCE // cell.size, 1), 0, 0
    while done < total:
        count = min(part, total - done)
        happened += int(cell.simulate(stream(key, "simulation", done), count).sum())
        done += count
    gate = FEW if cell.gate is ERRS and total <= 4000 else cell.gate
    return Result(cell.promise, cell.setting, cell.seeds, gate, total, happened / total)


def cells(*, losses: tuple[int, ...] = (4, 10, 40), seeds: tuple[int, ...] = (3, 5, 10)) -> Iterator[Cell]:
    """Every cell, in the order of the table."""
    yield from _coverages(seeds)
    for count in losses:
        for n in seeds:
            for spread in VARIANCES:
                yield from _errors(count, n, spread)
    for count in losses[:2]:
        yield from _until_decided(count)
    yield from _stress()
    yield from _power()


def _coverages(seeds: tuple[int, ...]) -> Iterator[Cell]:
    """Two losses, 400 pictures; where pictures matter, where seeds do, and where both do."""
    settings = {"pictures": (0.3, 0.003), "both": (0.15, 0.015), "seeds": (0.03, 0.03)}
    for what, (by_picture, by_seed) in settings.items():
        for n in seeds:
            draw = partial(_covered, seeds=n, by_picture=by_picture, by_seed=by_seed)
            setting, size = f"2 losses, variance from {what}", 800 * n
            gate = COVERS if n == 5 else None
            yield Cell("paired t holds for retraining", setting, n, gate, size, 1.0, partial(draw, new=False))
            yield Cell("crossed holds for new pictures", setting, n, gate, size, 1.0, partial(draw, new=True))
            wrong = partial(draw, new=True, crossed=False)
            yield Cell("paired t, read for new pictures", setting, n, None, size, 0.1, wrong)


def _covered(
    rng: Rng, studies: int, *, seeds: int, by_picture: float, by_seed: float, new: bool, crossed: bool = True
) -> Flags:
    drawn = draw_pictures(rng, studies, seeds, 400, by_picture, by_seed, noise=0.3)
    tests = Differences.of(drawn.values[:, 0].mean(axis=-1) - drawn.values[:, 1].mean(axis=-1))
    half = tests.half_width()
    if new and crossed:
        half = np.maximum(half, Crossed.of(drawn.values).half_width(ALPHA)[:, 0, 1])
    return np.asarray(np.abs(tests.mean - (0.0 if new else drawn.on_these)) <= half)


def _errors(losses: int, seeds: int, spread: str) -> Iterator[Cell]:
    setting = f"{losses} losses, variances {spread}"
    share, size = (0.1 if losses >= MANY else 1.0), losses * losses * seeds
    same = partial(_values, losses=losses, seeds=seeds, spread=spread, apart=0.0)
    apart = partial(_values, losses=losses, seeds=seeds, spread=spread, apart=MARGIN)
    yield Cell("a difference where there is none", setting, seeds, ERRS, size, share, partial(_any_difference, same))
    yield Cell("equivalent, exactly at the margin", setting, seeds, ERRS, size, share, partial(_any_equivalence, apart))
    yield Cell("the best loss dropped", setting, seeds, ERRS, size, share, partial(_best_dropped, same))


def _check(agrees: bool) -> None:
    if not agrees:
        raise RuntimeError("the verdicts of many studies at once are not those that the product gives for each")


def _values(
    rng: Rng, studies: int, *, losses: int, seeds: int, spread: str, apart: float, freedom: float | None = None
) -> NDArray[np.float64]:
    """Every second loss is `apart` from the others."""
    sd = deviations(rng, spread, studies, losses, PAIRED)
    return draw_values(rng, apart * (np.arange(losses) % 2), sd, seeds, freedom)


def _any_difference(draw: Callable[[Rng, int], NDArray[np.float64]], rng: Rng, studies: int) -> Flags:
    values = draw(rng, studies)
    judged = judge(values, MARGIN)
    _check(agree(values[: CHECKED // values.shape[1]], MARGIN))
    return np.asarray(judged.real.any(axis=1))


def _any_equivalence(draw: Callable[[Rng, int], NDArray[np.float64]], rng: Rng, studies: int) -> Flags:
    values = draw(rng, studies)
    a, b = pairs_of(values.shape[1])
    _check(agree(values[: CHECKED // values.shape[1]], MARGIN))
    return np.asarray(judge(values, MARGIN).equivalent[:, (a - b) % 2 == 1].any(axis=1))


def _best_dropped(draw: Callable[[Rng, int], NDArray[np.float64]], rng: Rng, studies: int) -> Flags:
    """All are as good: of each it may be said to be the best, the first as well as any."""
    return np.asarray(judge(draw(rng, studies), MARGIN).dropped[:, 0])


def _until_decided(losses: int) -> Iterator[Cell]:
    most = LOOKS[-1]
    for spread in VARIANCES:
        setting, size = f"{losses} losses, variances {spread}", losses * losses * most * 2
        same = partial(_values, losses=losses, seeds=most, spread=spread, apart=0.0)
        apart = partial(_values, losses=losses, seeds=most, spread=spread, apart=MARGIN)
        yield Cell("until decided: ever a difference", setting, 0, ERRS, size, 1.0, partial(_ever, same, "difference"))
        yield Cell("until decided: ever equivalent", setting, 0, ERRS, size, 1.0, partial(_ever, apart, "equivalence"))


def _ever(draw: Callable[[Rng, int], NDArray[np.float64]], what: str, rng: Rng, studies: int) -> Flags:
    """At any look: p-values over looks only fall, but Holm's procedure is asked at each of them."""
    values = draw(rng, studies)
    a, b = pairs_of(values.shape[1])
    ever = np.full(studies, False)
    for place in range(len(LOOKS)):
        looks = LOOKS[: place + 1]
        seen = values[..., : looks[-1]]
        _check(agree(seen[: CHECKED // (5 * seen.shape[1])], MARGIN, looks=looks))
        judged = judge(seen, MARGIN, looks=looks)
        wrong = judged.real if what == "difference" else judged.equivalent[:, (a - b) % 2 == 1]
        ever |= wrong.any(axis=1)
    return ever


def _interval_when_stopped(rng: Rng, studies: int) -> Flags:
    """The interval that is printed at the look where a study of two equal losses stops holds the true difference."""
    values = draw_values(rng, [0.0, 0.0], deviations(rng, "equal", studies, 2, PAIRED), LOOKS[-1])
    holds, running = np.full(studies, True), np.full(studies, True)
    for place, look in enumerate(LOOKS):
        looks = LOOKS[: place + 1]
        judged = judge(values[..., :look], MARGIN, looks=looks)
        tests = Differences.of(values[:, 0, :look] - values[:, 1, :look])
        covered = np.abs(tests.mean) <= tests.half_width(ALPHA * weight_at(look))
        stops = running & (judged.real[:, 0] | (look == LOOKS[-1]))
        holds[stops], running[stops] = covered[stops], False
    return holds


def _stress() -> Iterator[Cell]:
    """Where the assumptions do not hold, and what is not promised; shown, and gated by nothing."""
    none = "a difference where there is none"
    for losses in (4, 40):
        share, size = (0.1 if losses >= MANY else 1.0), losses * losses * 5
        draw = partial(_values, losses=losses, seeds=5, spread="equal", apart=0.0, freedom=4.0)
        yield Cell(none, f"{losses} losses, t with 4 d.f.", 5, None, size, share, partial(_any_difference, draw))
    yield Cell(none, "4 losses, 1 run in 10 of one diverges", 5, None, 80, 1.0, _diverging)
    yield Cell(
        "paired t holds for retraining", "2 losses, 1 run in 20 of one is 0.05 lower", 5, None, 20, 1.0, _bad_runs
    )
    stopped = "2 losses, stopped when a difference is shown"
    yield Cell("until decided: printed interval holds", stopped, 0, None, 4 * LOOKS[-1], 1.0, _interval_when_stopped)


def _bad_runs(rng: Rng, studies: int) -> Flags:
    values = draw_values(rng, [0.0, 0.0], deviations(rng, "equal", studies, 2, PAIRED), 5)
    values[:, 0] -= 0.05 * (rng.random((studies, 5)) < 0.05)
    tests = Differences.of(values[:, 0] - values[:, 1])
    return np.asarray(np.abs(tests.mean + 0.05 * 0.05) <= tests.half_width())


def _diverging(rng: Rng, studies: int) -> Flags:
    """Given convergence: the seeds that diverged are left out of the first loss's pairs."""
    values = draw_values(rng, [0.0] * 4, deviations(rng, "equal", studies, 4, PAIRED), 5)
    values[:, 0][rng.random((studies, 5)) < 0.1] = np.nan
    a, b = pairs_of(4)
    tests = Differences.of(values[:, a] - values[:, b])
    return np.asarray((holm(tests.p_difference()) <= ALPHA).any(axis=1))


def _power() -> Iterator[Cell]:
    """What is found where there is something: one loss 0.01 ahead of all others, paired deviation 0.0042."""
    for plain in (True, False):
        setting, size = f"40 losses, {'plain' if plain else 'moderated'} variance", 40 * 40 * 5
        found = partial(_found, plain=plain)
        yield Cell("a difference of 0.01 is found", setting, 5, None, size, 0.1, partial(found, what="pair"))
        yield Cell("a loss 0.01 below is dropped", setting, 5, None, size, 0.1, partial(found, what="dropped"))


def _found(rng: Rng, studies: int, *, plain: bool, what: str) -> Flags:
    """Of one loss ahead of all others: whether the pair of the first two, or the second loss, is found."""
    sd = np.full((studies, 40), 0.0042 / np.sqrt(2))
    values = draw_values(rng, [0.01] + [0.0] * 39, sd, 5)
    judged = judge(values, MARGIN, plain=plain)
    return np.asarray(judged.better[:, 0] if what == "pair" else judged.dropped[:, 1])
