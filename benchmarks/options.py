"""What can be asked of `python -m benchmarks`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cases import CASES, Case
from benchmarks.contenders import Contender, chosen
from lossbench.errors import RequestError

__all__ = ["Options", "parse"]

_QUICK = {"rounds": 1, "epochs": 2, "train_size": 640}  # enough to see all of it run, too little to believe the figures


@dataclass(frozen=True)
class Options:
    """What was asked for; None where each part has its own default.

    Args:
        data: as `lossbench run --data` takes it.
        cases: to be compared; empty for none.
        contenders: who is.
        study: whether the whole study is measured.
        memory: whether the workers' memory is.
        rounds: how often each measurement is taken.
        epochs: of each trial.
        train_size: training pictures.
        out: where the JSON goes.
    """

    data: str
    cases: tuple[Case, ...]
    contenders: tuple[Contender, ...]
    study: bool
    memory: bool
    rounds: int | None
    epochs: int | None
    train_size: int | None
    out: Path | None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Reads the command line.

    Raises:
        RequestError: an unknown case or contender, or too few epochs to leave the first out.
    """
    given = _parser().parse_args(arguments)
    for name, value in _QUICK.items() if given.quick else ():
        if getattr(given, name) is None:
            setattr(given, name, value)
    if given.epochs is not None and given.epochs < 2:
        raise RequestError("--epochs", "at least 2, for the first is warm-up", given.epochs)
    names = given.cases if given.cases or given.study or given.memory else list(CASES)
    return Options(
        given.data,
        tuple(_case(name, given.train_size, given.epochs) for name in names),
        tuple(chosen(given.contenders)),
        given.study,
        given.memory,
        given.rounds,
        given.epochs,
        given.train_size,
        given.out,
    )


def _case(name: str, train_size: int | None, epochs: int | None) -> Case:
    if name not in CASES:
        raise RequestError("--cases", ", ".join(CASES), name)
    case = CASES[name]
    return replace(case, train=train_size or case.train, epochs=epochs or case.epochs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast lossbench trains.")
    parser.add_argument("--data", default="cifar10", help="a data set's name or path [%(default)s]")
    parser.add_argument("--cases", type=_listed, default=[], help=f"of {', '.join(CASES)} [all]")
    parser.add_argument("--contenders", type=_listed, default=[], help="families or names, separated by commas [all]")
    parser.add_argument("--study", action="store_true", help="the whole study course-report against the bound")
    parser.add_argument("--memory", action="store_true", help="the memory of each worker while the study is trained")
    parser.add_argument("--rounds", type=int, help="how often each is measured [3; the study once]")
    parser.add_argument("--epochs", type=int, help="of each trial [the case's own; 30 of the study, 2 for memory]")
    parser.add_argument("--train-size", type=int, help="training pictures [the case's own; all where it is no case]")
    parser.add_argument("--quick", action="store_true", help="see it run: a small share, 2 epochs, 1 round")
    parser.add_argument("--out", type=Path, help="the JSON file [benchmarks/results/DATE.json]")
    return parser


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
