"""The whole study: `lossbench run --preset course-report` from start to end, against the bound's training alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import lossbench
from benchmarks.contenders import BOUND, Contender
from benchmarks.processes import ask, environment
from benchmarks.summary import ratio, spread
from benchmarks.table import markdown, shown
from benchmarks.task import Task

__all__ = ["StudyRound", "measure_study", "run_command", "study_table"]

PRESET = "course-report"
MODEL = "lenet5"


@dataclass(frozen=True)
class StudyRound:
    """The study, trained once by each.

    Args:
        precision: that `auto` came to.
        trials: how many were trained.
        epochs: of each trial.
        epochs_done: by all of lossbench's trials; fewer than the bound's where some diverged and ended early.
        lossbench_seconds: wall time of the process from start to end, the report included.
        bound_seconds: from the first step to the last of as many trials on all cores, nothing else included.
    """

    precision: str
    trials: int
    epochs: int
    epochs_done: int
    lossbench_seconds: float
    bound_seconds: float


def measure_study(data: str, share: Path, epochs: int, cores: int) -> StudyRound:
    """Runs the study into an empty folder, then the bound.

    Args:
        data: what `--data` is told.
        share: the same pictures as an .npz file, for the bound.
        epochs: of each trial.
        cores: trials side by side, of the bound.

    Raises:
        subprocess.CalledProcessError: the command failed.
        ContenderError: the bound did.
    """
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        subprocess.run(run_command(data, epochs, folder), check=True, stdout=subprocess.DEVNULL, env=environment())
        seconds = time.monotonic() - began
        results = lossbench.load(folder)
    if not isinstance(results, lossbench.Results):
        raise TypeError("the preset has one condition")
    precision = results.study["recipe"]["precision"]
    seeds = tuple(range(1, len(results.trials) + 1))
    bound = Contender(BOUND, "bound", precision=precision, side_by_side=True)
    trials = ask(bound, Task(str(share), MODEL, epochs, seeds), cores).trials
    bound_seconds = max(stamps[-1] for stamps in trials) - min(stamps[0] for stamps in trials)
    return StudyRound(precision, len(seeds), epochs, int(results.trials["epochs"].sum()), seconds, bound_seconds)


def run_command(data: str, epochs: int, folder: str, *options: str) -> list[str]:
    """The command of the study."""
    told = ["--preset", PRESET, "--data", data, "--epochs", str(epochs), "--save-dir", folder, "--device", "cpu"]
    return [sys.executable, "-m", "lossbench", "run", *told, *options]


def study_table(rounds: list[StudyRound]) -> str:
    """The study's heading and table."""
    first = rounds[0]
    heading = f"### The study {PRESET}: {first.trials} trials of {first.epochs} epochs, {first.precision}"
    whole, bound = ([getattr(r, f"{name}_seconds") for r in rounds] for name in ("lossbench", "bound"))
    cells = [shown(spread(whole), ".1f"), shown(spread(bound), ".1f"), shown(ratio(bound, whole), ".0%")]
    parts = [heading, markdown(["lossbench, s from start to end", "the bound, s", "bound / lossbench"], [cells])]
    if first.epochs_done < first.trials * first.epochs:
        parts.append(f"lossbench trained {first.epochs_done} epochs only, for a trial diverged: not the same work.")
    return "\n\n".join(parts)
