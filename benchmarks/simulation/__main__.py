"""Simulates the protocol and prints the table; exits with 1 where a gate does not hold."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from benchmarks.simulation.cells import Cell, Result, cells, run

__all__ = ["main", "table"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs every cell, side by side on all cores."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--studies", type=int, default=20_000, help="per cell; a tenth of them with 40 losses")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    given = parser.parse_args(arguments)
    count = len(list(cells()))
    with ProcessPoolExecutor(given.workers) as pool:
        results = list(pool.map(partial(_run, given.studies), range(count)))
    print(table(results))
    failed = [result for result in results if result.passed is False]
    gated = sum(result.gate is not None for result in results)
    print(f"\n{gated - len(failed)} of {gated} gates hold")
    return 1 if failed else 0


def table(results: Sequence[Result]) -> str:
    """One line per promise and kind of study, one column per number of seeds, in Markdown."""
    seeds = sorted({item.seeds for item in results if item.seeds})
    lines = [("what is counted", "studies of", *(f"{n} seeds" for n in seeds), "until decided", "gate", "studies")]
    lines.append(("---",) * len(lines[0]))
    groups: dict[tuple[str, str], dict[int, Result]] = {}
    for item in results:
        groups.setdefault((item.promise, item.setting), {})[item.seeds] = item
    for names, found in groups.items():
        gate = next((str(item.gate) for item in found.values() if item.gate), "shown")
        studies = f"{max(item.studies for item in found.values()):,}"
        lines.append((*names, *(_cell(found.get(n)) for n in (*seeds, 0)), gate, studies))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(item: Result | None) -> str:
    if item is None:
        return ""
    return f"{item.rate:.4f}" + (" FAILS" if item.passed is False else "")


def _run(studies: int, place: int) -> Result:
    cell: Cell = list(cells())[place]
    return run(cell, studies)


if __name__ == "__main__":
    sys.exit(main())
