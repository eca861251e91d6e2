"""`python -m benchmarks.gpu`: the document's study on this machine's GPU, in one run, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.gpu.arms import ARMS, Measured, measure
from benchmarks.gpu.bare import Bare, bare
from benchmarks.machine import describe
from lossbench.data import find
from lossbench.errors import LossbenchError
from lossbench.files import write_atomically
from lossbench.resolve import settle_device

__all__ = ["main"]

_GOAL = "goal for LeNet-5: 60 s, and 8 times as fast as one after another"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures each model by each arm and as a bare loop; gives the exit code, 2 when the request was wrong."""
    asked = _parser().parse_args(arguments)
    try:
        device = settle_device(asked.device)
        pictures = find(asked.data).decode()
        found: dict[str, Any] = {
            "machine": describe(),
            "asked": vars(asked) | {"out": str(asked.out), "device": device},
        }
        for model in asked.models.split(","):
            arms = {}
            for arm in ARMS:
                print(f"{model}: {arm.name}", file=sys.stderr, flush=True)
                arms[arm.name] = measure(arm, asked.data, model, asked.epochs, asked.seeds, device, asked.precision)
            lanes = arms["stack"].lanes
            bounds = bare(pictures, model, lanes, device, bf16=asked.precision == "bf16", steps=asked.steps)
            found[model] = {name: asdict(arm) for name, arm in arms.items()} | {"bare": [asdict(b) for b in bounds]}
            if asked.out:
                write_atomically(asked.out, json.dumps(found, indent=1) + "\n")
            print(table(model, arms, bounds), flush=True)
    except LossbenchError as error:
        print(error, file=sys.stderr)
        return 2
    print(_GOAL)
    return 0


def table(model: str, arms: dict[str, Measured], bounds: Sequence[Bare]) -> str:
    """What was measured of a model, as Markdown."""
    whole, bound = arms["stack"].trials, max(each.per_second for each in bounds)
    lines = [
        f"| {model}, {whole} trials | seconds | pictures/s | share of the bound | memory | lanes |",
        "|---|---|---|---|---|---|",
    ]
    for name, arm in arms.items():
        reckoned = "" if arm.trials == whole else f" ({arm.trials} trials took {arm.seconds:.1f})"
        memory = "" if arm.memory is None else f"{arm.memory / 2**30:.1f} GiB"
        seconds = arm.seconds * whole / arm.trials
        share = f"{arm.per_second / bound:.0%}"
        lines.append(f"| {name} | {seconds:.1f}{reckoned} | {arm.per_second:,.0f} | {share} | {memory} | {arm.lanes} |")
    for each in bounds:
        words = f"bare loop, {each.form}" + (", CUDA graph" if each.graph else "")
        lines.append(
            f"| {words} | | {each.per_second:,.0f} | {each.per_second / bound:.0%} | | {arms['stack'].lanes} |"
        )
    times = arms["stack"].per_second / arms["one after another"].per_second
    lines += ["", f"stack beside one after another: {times:.1f} times the pictures per second", ""]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--data", default="cifar10", help="as `lossbench run` takes it")
    parser.add_argument("--models", default="lenet5,cnn", help="separated by commas")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=5, help="of each of the document's four losses")
    parser.add_argument("--precision", default="bf16", choices=("bf16", "fp32"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=50, help="of each bare loop")
    parser.add_argument("--out", type=Path, help="a JSON file for the raw figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
