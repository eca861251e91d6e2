"""The tables of docs/scaling.md, from what is recorded: `python -m benchmarks.scaling.page` prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.scaling.__main__ import RECORDED
from lossbench.cli.duration import duration

__all__ = ["numbers", "tables"]

_LIMITS = {
    "cores": "the cores",
    "driver": "the driver",
    "data": "the data on their way to the nodes",
    "tail": "the last trials",
}
_REPORTS = {
    "20": "20: 4 losses × 5 seeds",
    "1000": "1,000: 10 losses × 20 seeds, 5 conditions",
    "10000": "10,000: 20 losses × 50 seeds, 10 conditions",
    "10000-seeds": "10,000: 4 losses × 2,500 seeds",
    "100000-seeds": "100,000: 4 losses × 25,000 seeds",
}


def tables(recorded: Mapping[str, Any]) -> dict[str, str]:
    """Every table of the page by its name, as Markdown."""
    return {
        "limits": _limits(recorded),
        "reports": _reports(recorded["reports"]),
        "costs": _costs(recorded),
        "simulated": _simulated(recorded["simulated"]["half"]),
    }


def numbers(recorded: Mapping[str, Any]) -> tuple[str, ...]:
    """What the page's sentences say of what is recorded, in the words that they have."""
    large_study, small_study = (_at(recorded, "half", trials, 64) for trials in (100_000, 10_000))
    ran, busy, large = recorded["validated"], recorded["busy"], recorded["opened"]["100000"]
    few, half = (busy["alike"][name]["efficiency"] for name in ("eighth", "half"))
    return (
        f"fill 64 nodes, of which {_percent(large_study)} of the time goes into training",
        f"With 10,000 it is {_percent(small_study)}:",
        f"it serves {recorded['simulated']['most_nodes']:.0f} nodes of 16 slots",
        f"with a quick disk up to about {recorded['simulated']['most_nodes']:.0f} nodes of 16 cores",
        f"on up to about {busy['most_nodes']:.0f} nodes of 16 cores",
        f"With an eighth it would be {_percent(_at(recorded, 'eighth', 100_000, 64))} of",
        f"took {ran['measured_seconds']:.1f} s, for whose trials the simulation gives {ran['simulated_seconds']:.1f} s",
        f"writing a trial's files took {_milliseconds(busy['store']['finish_seconds'])} ms",
        f"a load of {busy['load']:.0f}: then it serves {busy['most_nodes']:.0f} nodes",
        f"keeps {_percent(few)} of the slots busy, half of them {_percent(half)}",
        f"{recorded['stopped']['processor_seconds_per_condition']} s each",
        f"{large['megabytes']:.1f} MB, and answers {large['answers_seconds']:.1f} s after it was opened",
        f"{_milliseconds(recorded['store']['verify_seconds'])} ms for the small ones here",
        f"a folder and {recorded['store']['files']} files per trial",
    )


def _at(recorded: Mapping[str, Any], reserve: str, trials: int, nodes: int) -> float:
    """The efficiency of one simulated study."""
    rows = recorded["simulated"][reserve]
    return next(float(row["efficiency"]) for row in rows if (row["trials"], row["nodes"]) == (trials, nodes))


def _limits(recorded: Mapping[str, Any]) -> str:
    """What limits three sizes of a study on one machine, 64 nodes and 1,024."""
    by_size = {(row["trials"], row["nodes"]): row for row in recorded["simulated"]["half"]}
    rows = []
    for trials in (10, 1_000, 100_000):
        cells = [_limit(by_size[trials, nodes]) for nodes in (1, 64, 1_024)]
        rows.append([f"{trials:,}", *cells])
    return _table(["trials", "one machine, 16 slots", "64 nodes, 1,024 slots", "1,024 nodes, 16,384 slots"], rows)


def _limit(row: Mapping[str, Any]) -> str:
    return f"{_LIMITS[row['limit']]}; {_percent(row['efficiency'])} busy, {duration(row['makespan_seconds'])}"


def _reports(reports: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [
            words,
            *(f"{reports[name][f'{what}_processor_seconds']:.0f} s" for what in ("status", "report", "dry_run")),
            f"{max(reports[name][f'{what}_megabytes'] for what in ('status', 'report', 'dry_run')) / 1000:.1f} GB",
            f"{reports[name]['largest_page_megabytes']:.1f} MB",
            f"{reports[name]['study_folder_megabytes']:.0f} MB",
        ]
        for name, words in _REPORTS.items()
        if name in reports
    ]
    return _table(
        ["trials", "`status`", "`report`", "`run --dry-run`", "memory", "largest page", "study's folder"], rows
    )


def _costs(recorded: Mapping[str, Any]) -> str:
    store, driver, ray = recorded["store"], recorded["driver"], recorded["ray"]
    rows = [
        ["claiming a trial", _milliseconds(store["claim_seconds"])],
        ["writing a checkpoint of LeNet-5", _milliseconds(store["checkpoint_seconds"])],
        ["writing a trial's files, each with fsync", _milliseconds(store["finish_seconds"])],
        ["asking whether a trial has ended", _milliseconds(store["finished_seconds"])],
        ["holding a trial's files against their digests", _milliseconds(store["verify_seconds"])],
        ["reading a trial of 30 epochs for the report", _milliseconds(store["collect_seconds"])],
        ["hearing of an epoch", _milliseconds(driver["epoch_event_seconds"])],
        ["hearing of an end", _milliseconds(driver["end_event_seconds"])],
        ["a task of Ray", _milliseconds(ray["task_seconds"])],
        ["one thing that a task of Ray tells", _milliseconds(ray["item_seconds"])],
        ["putting CIFAR-10 into Ray's object store", _milliseconds(180 / ray["put_megabytes_per_second"])],
    ]
    return _table(["what", "milliseconds"], rows)


def _simulated(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [
        [
            f"{row['trials']:,}",
            f"{row['nodes']:,}",
            duration(row["makespan_seconds"]),
            _percent(row["efficiency"]),
            _percent(row["driver"]),
            _LIMITS[row["limit"]],
        ]
        for row in rows
    ]
    return _table(["trials", "nodes", "time", "slots busy", "driver busy", "what limits"], cells)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2g}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    for name, table in tables(json.loads(RECORDED.read_text(encoding="utf-8"))).items():
        print(f"{name}\n\n{table}\n")
