"""One case: every contender in every round, one after another."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.contenders import Contender
from benchmarks.processes import ContenderError, ask
from benchmarks.result import CaseResult
from benchmarks.share import write_share
from benchmarks.task import Answer, Task
from lossbench.data import Pictures

__all__ = ["compare"]


def compare(
    case: Case,
    contenders: Sequence[Contender],
    pictures: Pictures,
    rounds: int,
    cores: int,
    tell: Callable[[str], None],
) -> CaseResult:
    """Measures a case.

    Contenders are interleaved over the rounds, and every other round is run backwards, so that a machine that slows
    down slows them all. One that is not installed or fails is noted and leaves the others alone.

    Args:
        case: what is trained.
        contenders: by whom.
        pictures: the data set that the share is taken from.
        rounds: how many times.
        cores: trials side by side, of those who train so.
        tell: is told what is being measured.
    """
    answers: dict[str, list[Answer | None]] = {contender.name: [None] * rounds for contender in contenders}
    troubles = {c.name: f"missing: {c.package} is not installed" for c in contenders if not c.installed}
    there = [contender for contender in contenders if contender.installed]
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder) / "share.npz"
        train, test = write_share(pictures, case.train, share)
        for number in range(rounds):
            for contender in there if number % 2 == 0 else reversed(there):
                tell(f"{case.model}, round {number + 1} of {rounds}: {contender.name}")
                seeds = tuple(range(1, cores + 1)) if contender.side_by_side else (1,)
                task = Task(str(share), case.model, case.epochs, seeds)
                try:
                    answers[contender.name][number] = ask(contender, task, cores)
                except ContenderError as error:
                    troubles[contender.name] = f"failed: {error}"
    return CaseResult(replace(case, train=train), test, answers, troubles)
