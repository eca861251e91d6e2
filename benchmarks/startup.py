"""`python -m benchmarks.startup`: how long the package takes to be imported, and the commands to answer.

Each is a process of its own, begun anew in every round, beside a Python that does nothing; of the imports, those that
take longest by themselves are listed, with what they import left out. Files are in the system's cache after a first,
uncounted round.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.table import markdown

__all__ = ["CASES", "Case", "heaviest", "main", "seconds"]


@dataclass(frozen=True)
class Case:
    """Something that a user waits for.

    Args:
        name: what they type.
        words: what Python is given.
        limit: the seconds that it may take; None for what is shown beside.
    """

    name: str
    words: tuple[str, ...]
    limit: float | None = None


CASES = (
    Case("python -c pass", ("-c", "pass")),
    Case("import lossbench", ("-c", "import lossbench"), 0.3),
    Case("lossbench --help", ("-m", "lossbench", "--help"), 0.5),
    Case("lossbench run --help", ("-m", "lossbench", "run", "--help")),
    Case("lossbench losses focal", ("-m", "lossbench", "losses", "focal")),
)


def seconds(case: Case) -> tuple[float, float]:
    """Of one process: seconds until it ended, and those that it had a processor, which a busy machine moves less."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *case.words], stdout=subprocess.DEVNULL, check=True)
    ended, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def heaviest(case: Case, most: int = 10) -> list[tuple[str, float]]:
    """The modules whose own code takes longest when it is imported, in milliseconds."""
    command = [sys.executable, "-X", "importtime", *case.words]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    found = re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", done.stderr, re.MULTILINE)
    return sorted(((name, int(own) / 1000) for own, name in found), key=lambda item: -item[1])[:most]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a row per case, and the heaviest imports of `lossbench --help`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args(arguments).rounds
    for case in CASES:
        seconds(case)
    taken: dict[str, list[tuple[float, float]]] = {case.name: [] for case in CASES}
    for _ in range(rounds):
        for case in CASES:
            taken[case.name].append(seconds(case))
    rows = [_row(case, taken[case.name]) for case in CASES]
    print(markdown(["what", "median, s", "least", "most", "processor, s", "to be below"], rows))
    print(f"\nMedians of {rounds} rounds. The heaviest imports of `lossbench --help`, by themselves, ms:\n")
    help_case = next(case for case in CASES if case.name == "lossbench --help")
    print(markdown(["module", "ms"], [[name, f"{own:.1f}"] for name, own in heaviest(help_case)]))


def _row(case: Case, taken: Sequence[tuple[float, float]]) -> list[str]:
    walls, processor = zip(*taken, strict=True)
    spread = [f"{value:.2f}" for value in (median(walls), min(walls), max(walls), median(processor))]
    return [f"`{case.name}`", *spread, f"{case.limit:g}" if case.limit else ""]


if __name__ == "__main__":
    main()
