"""`python -m benchmarks`: measures, prints tables, and writes the raw figures beside them as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.compare import compare
from benchmarks.machine import describe
from benchmarks.memory import memory_table, worker_peaks
from benchmarks.options import Options, parse
from benchmarks.processes import ROOT, ContenderError
from benchmarks.share import write_share
from benchmarks.study import measure_study, study_table
from benchmarks.table import NOTE, case_table
from lossbench.data import Pictures, find
from lossbench.errors import LossbenchError
from lossbench.files import write_atomically
from lossbench.run import usable_cores

__all__ = ["main"]

_QUIET = 0.5  # load


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures what is asked for; gives the exit code: 1 when a contender failed, 2 when the request was wrong."""
    try:
        options = parse(arguments)
        pictures = find(options.data).decode()
        results = _Results(options)
        load = results.values["machine"]["load"]
        if load > _QUIET:
            _tell(f"this machine is busy (load {load}): the figures will be off, most of all those of several threads")
        failed = _cases(options, pictures, results)
        if options.study or options.memory:
            _whole_command(options, pictures, results)
    except LossbenchError as error:
        print(error, file=sys.stderr)
        return 2
    except (ContenderError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if failed else 0


class _Results:
    """What was measured so far: printed, and written, whenever something joins it."""

    def __init__(self, options: Options) -> None:
        machine = describe()
        self.values: dict[str, Any] = {"machine": machine, "data": options.data}
        self.out = options.out or ROOT / "benchmarks" / "results" / f"{machine['date'].replace(':', '-')}.json"

    def add(self, name: str, value: object, table: str) -> None:
        self.values[name] = value
        self.out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.out, json.dumps(self.values, indent=1) + "\n")
        print(f"{table}\n\n(raw figures: {self.out})\n", flush=True)


def _cases(options: Options, pictures: Pictures, results: _Results) -> bool:
    """Measures the cases; gives whether a contender failed."""
    measured = {}
    failed = False
    for case in options.cases:
        result = compare(case, options.contenders, pictures, options.rounds or 3, usable_cores(), _tell)
        measured[case.model] = result.to_json()
        failed = failed or result.failed
        results.add("cases", measured, f"{case_table(result)}\n\n{NOTE}")
    return failed


def _whole_command(options: Options, pictures: Pictures, results: _Results) -> None:
    """Measures `lossbench run`: of the study the time, and the memory."""
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder) / "share.npz"
        write_share(pictures, options.train_size, share)
        data = str(share) if options.train_size else options.data
        if options.study:
            rounds = []
            for number in range(options.rounds or 1):
                _tell(f"the study, round {number + 1}")
                rounds.append(measure_study(data, share, options.epochs or 30, usable_cores()))
            results.add("study", [asdict(measured) for measured in rounds], study_table(rounds))
        if options.memory:
            _tell("memory")
            peaks = worker_peaks(data, options.epochs or 2)
            results.add("memory", {"worker_peak_megabytes": peaks}, memory_table(peaks))


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
