"""`python -m benchmarks.scaling`: what a trial costs each part of lossbench, and what a cluster makes of it.

`costs` measures what a trial costs the store, the driver and Ray, and how long the trials of the default study take;
`report SHAPE...` makes studies that nobody trained and measures the commands that read them; `simulate` has a simulated
cluster train studies with what was measured. Each keeps its part of a JSON file beside what the others found.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.scaling.cluster.studies import alike, most_nodes, rows, validated
from benchmarks.scaling.costs_driver import driver_costs
from benchmarks.scaling.costs_ray import ray_costs
from benchmarks.scaling.costs_report import report_costs
from benchmarks.scaling.costs_store import store_costs
from benchmarks.scaling.costs_trials import trial_times
from benchmarks.scaling.shapes import SHAPES
from benchmarks.table import markdown
from lossbench.files import write_atomically

__all__ = ["RECORDED", "RESERVES", "main"]

RECORDED = Path(__file__).with_name("recorded.json")

RESERVES = {"eighth": 1 / 8, "half": 1 / 2}
"""How many trials wait in the simulated clusters, of their slots."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures or simulates, prints what it found, and keeps it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("costs", "report", "simulate"))
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help="of `report`: the studies")
    parser.add_argument("--folder", type=Path, help="where studies are made and stay; by default they go again")
    parser.add_argument("--out", type=Path, default=RECORDED, help="the JSON file")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.shapes) - set(SHAPES):
        parser.error(f"a shape is one of {', '.join(SHAPES)}, not {', '.join(sorted(unknown))}")
    known: dict[str, Any] = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.exists() else {}
    with tempfile.TemporaryDirectory() as aside:
        folder = asked.folder or Path(aside)
        if asked.what == "costs":
            known |= _costs(folder)
        elif asked.what == "report":
            for name in asked.shapes:
                known["reports"] = known.get("reports", {}) | {name: report_costs(name, folder / name)}
        else:
            known |= _simulation(known)
    write_atomically(asked.out, json.dumps(known, indent=1) + "\n")
    for name, part in known.items():
        if isinstance(part, dict):
            print(f"{name}\n\n{markdown(['what', 'found'], [[key, str(value)] for key, value in part.items()])}\n")


def _costs(folder: Path) -> dict[str, Any]:
    return {
        "machine": describe(),
        "store": store_costs(folder / "store"),
        "driver": driver_costs(),
        "ray": ray_costs(),
        "trials": trial_times(folder / "trials"),
    }


def _simulation(known: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: list(rows(known, share)) for name, share in RESERVES.items()}
    return {
        "simulated": {**found, "most_nodes": round(most_nodes(known), 1)},
        "validated": validated(known["trials"]),
        **({"busy": _busy(known["busy"])} if "busy" in known else {}),
    }


def _busy(known: dict[str, Any]) -> dict[str, Any]:
    """The same of what trials cost while others used the machine: kept by hand from an earlier run of `costs`."""
    even = {name: alike(known, share) for name, share in RESERVES.items()}
    return {**known, "alike": even, "most_nodes": round(most_nodes(known), 1)}


if __name__ == "__main__":
    main()
