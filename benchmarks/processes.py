"""Contenders in processes of their own: started, waited for, asked for their answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.contenders import PRODUCT, Contender
from benchmarks.task import Answer, Task
from lossbench.run.processes import ENVIRONMENT as WORKERS_ENVIRONMENT

__all__ = ["ROOT", "ContenderError", "ask", "environment"]

ROOT = Path(__file__).parents[1]


class ContenderError(Exception):
    """A contender's process ended without an answer."""


def ask(contender: Contender, task: Task, cores: int) -> Answer:
    """Trains a task's seeds by one contender, in fresh processes, and waits for it.

    lossbench starts its workers itself. The bound gets a process of one thread per core, with the environment of
    lossbench's workers, and these share the seeds; every other contender is one process with torch's default threads.

    Args:
        contender: who trains.
        task: what; precision and loaders are filled in from the contender.
        cores: how many trials are trained side by side, by those who do.

    Raises:
        ContenderError: a process failed; its last words.
    """
    task = replace(task, precision=contender.precision, loaders=contender.loaders, prepared=contender.prepared)
    shared = contender.side_by_side and contender.family != PRODUCT
    shares = [task.seeds[core::cores] for core in range(cores)] if shared else [task.seeds]
    added = WORKERS_ENVIRONMENT if shared else {}
    started = [_Running(contender, replace(task, seeds=share), added) for share in shares if share]
    try:
        answers = [running.answer() for running in started]
    finally:
        for running in started:
            running.end()
    return Answer(
        [trial for answer in answers for trial in answer.trials],
        answers[0].precision,
        [seconds for answer in answers for seconds in answer.finishing],
    )


def environment() -> dict[str, str]:
    """This process's, without the threads and the memory settings that lossbench gives its workers."""
    return {name: value for name, value in os.environ.items() if name not in WORKERS_ENVIRONMENT}


class _Running:
    """A process of a contender; its errors go to a file, for a full pipe would stop it."""

    def __init__(self, contender: Contender, task: Task, added: dict[str, str]) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{contender.module}", json.dumps(asdict(task))],
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**environment(), **added},
            cwd=ROOT,
            text=True,
        )

    def answer(self) -> Answer:
        """What the process measured, once it has ended."""
        output, _ = self.process.communicate()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        if self.process.returncode:
            raise ContenderError(said[-1] if said else f"exit code {self.process.returncode}")
        return Answer(**json.loads(output.splitlines()[-1]))

    def end(self) -> None:
        """Ends the process, if it has not ended, and closes what is left of it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.errors):
            if pipe is not None:
                pipe.close()
