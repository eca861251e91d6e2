"""`python -m benchmarks.losses`: what each loss of the catalogue costs, beside a whole training step.

The step is lossbench's own, LeNet-5 on 128 pictures of CIFAR-10's size with cross entropy, in the precision that
`auto` means here. A loss's cost is its forward pass, mean and backward pass on float32 logits (128, 10), the whole of
it and not what it costs beyond cross entropy. Everything on one thread, with the memory settings of a worker.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.machine import describe
from benchmarks.summary import Spread, ratio, spread
from benchmarks.table import markdown, shown
from lossbench.data import Pictures, Split
from lossbench.files import write_atomically
from lossbench.losses import CATALOGUE, bind
from lossbench.resolve import resolve
from lossbench.rng import stream, torch_generator
from lossbench.run import one_thread
from lossbench.run.processes import ENVIRONMENT
from lossbench.spec import LossSpec, Study
from lossbench.train import train

__all__ = ["costs", "main", "rows", "steps"]

ALLOWED = 0.05
"""Of a step: what a loss may cost."""

_BATCH, _CLASSES = 128, 10
_STEPS = 100
_CALLS = 100


def steps(precision: str, rounds: int) -> Iterator[float]:
    """Seconds per training step of LeNet-5, an epoch at a time, after an epoch of warming up."""
    generator = stream(0, "benchmark")
    splits = [
        Split(
            generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), np.arange(count, dtype=np.int64) % _CLASSES
        )
        for count in (_BATCH * _STEPS, _BATCH)
    ]
    pictures = Pictures("made", splits[0], splits[1], tuple("abcdefghij"), "0" * 32)
    recipe = {"epochs": rounds + 2, "eval_interval": rounds + 2, "train_metrics": "running", "precision": precision}
    study = Study(losses="cross_entropy", seeds=[1], models=["lenet5"], recipe=recipe)
    (trial,) = resolve(study, pictures).trials.values()
    epochs = train(trial, pictures)
    for _ in range(2):  # the first look, and warming up
        next(epochs)
    for _ in range(rounds):
        began = time.perf_counter()
        next(epochs)
        yield (time.perf_counter() - began) / _STEPS


def costs(names: Sequence[str]) -> dict[str, float]:
    """Seconds of each loss, forward, mean and backward: medians over a few runs of many calls."""
    logits = torch.randn(_BATCH, _CLASSES, generator=torch_generator(0, "benchmark"))
    target = torch.arange(_BATCH) % _CLASSES
    generator = torch_generator(0, "draws")

    def timed(name: str) -> float:
        loss = bind(LossSpec.parse(name), [100 - 5 * k for k in range(_CLASSES)])

        def call() -> None:
            leaf = logits.detach().requires_grad_()
            value = loss(leaf, target, progress=0.5, generator=generator).mean()
            value.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it

        return _seconds(call)

    return {name: timed(name) for name in names}


def rows(step: Sequence[float], cost: Sequence[dict[str, float]]) -> list[tuple[str, Spread, Spread, Spread]]:
    """Per loss, dearest first: its cost in seconds, over cross entropy's, and over a step's; ratios within a round."""
    table = []
    for name in cost[0]:
        own = [one[name] for one in cost]
        found = spread(own), ratio(own, [one["cross_entropy"] for one in cost]), ratio(own, step)
        seconds, times, share = (item for item in found if item)
        table.append((name, seconds, times, share))
    return sorted(table, key=lambda row: -row[3].median)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints a table, and says which losses cost more than is allowed."""
    given = _parser().parse_args(arguments)
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):  # read when a process starts
        command = [sys.executable, "-m", "benchmarks.losses", *(sys.argv[1:] if arguments is None else arguments)]
        os.execve(sys.executable, command, {**os.environ, **ENVIRONMENT})  # noqa: S606 - no shell is wanted
    with one_thread():
        measured = [(step, costs(list(CATALOGUE))) for step in steps(given.precision, given.rounds)]
    step, cost = [one for one, _ in measured], [one for _, one in measured]
    found = rows(step, cost)
    machine = describe()
    head = f"{machine['processor']}, torch {machine['torch']}, {given.rounds} rounds, a step of {_milliseconds(step)}"
    cells = [
        [name, shown(_micro(seconds), ".0f"), shown(times, ".1f"), shown(share, ".1%")]
        for name, seconds, times, share in found
    ]
    table = markdown(["loss", "µs", "times cross entropy", "of a step"], cells)
    dear = [name for name, *_, share in found if share.median > ALLOWED]
    words = f"Above {ALLOWED:.0%} of a step: {', '.join(dear) or 'none'}."
    print(f"{head}\n\n{table}\n\n{words}")
    if given.out:
        write_atomically(given.out, f"{head}\n\n{table}\n\n{words}\n")
    return 0


def _seconds(call: Callable[[], None]) -> float:
    stamps = [time.perf_counter()]
    for _ in range(6):
        for _ in range(_CALLS):
            call()
        stamps.append(time.perf_counter())
    return median(after - before for before, after in list(pairwise(stamps))[1:]) / _CALLS


def _micro(seconds: Spread) -> Spread:
    return Spread(1e6 * seconds.median, 1e6 * seconds.least, 1e6 * seconds.most)


def _milliseconds(step: Sequence[float]) -> str:
    return f"{1e3 * median(step):.2f} ms [{1e3 * min(step):.2f}, {1e3 * max(step):.2f}]"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.losses", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="[%(default)s]")
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"), help="[%(default)s]")
    parser.add_argument("--out", type=Path, help="where the table goes as Markdown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
