"""Runs that are killed with SIGKILL, at any moment and as often as it takes, end in the bytes of one that was not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fault_makers import SMALL, Server, children, results, wait_for

from lossbench.rng import stream

REAL = ("run", "--losses", "cross_entropy,focal(gamma=2)", "--seeds", "5", "--epochs", "6", "--checkpoint-seconds", "0")
"""Ten trials on digits by two worker processes, with the report: about twenty seconds."""


@dataclass(frozen=True)
class Whole:
    """A save dir that nothing happened to.

    Args:
        folder: where the command ran.
        trained: what the save dir held before its report was written.
        changes: how many it took until then.
        reported: what it held in the end.
        report_changes: how many the report took.
    """

    folder: Path
    trained: dict[str, Any]
    changes: int
    reported: dict[str, Any]
    report_changes: int


@pytest.fixture(scope="module")
def whole(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    counts, found = [], []
    for page in (False, True):
        assert server.run(folder, *SMALL, kill_at=0, page=page) == 0, (folder / "out.txt").read_text()
        counts.append(int((folder / "log.changes").read_text()))
        found.append(results(folder / "log"))
    return Whole(folder, found[0], counts[0], found[1], counts[1])


def test_killed_before_any_of_its_changes_to_the_disk_a_run_goes_on_to_the_same_bytes(
    server: Server, whole: Whole, tmp_path: Path, long: bool
) -> None:
    """In the short form, before five of them."""
    assert whole.changes > 100
    for moment in moments(whole.changes, None if long else 5):
        folder = tmp_path / str(moment)
        assert server.run(folder, *SMALL, kill_at=moment) == -signal.SIGKILL
        assert server.run(folder, *SMALL) == 0, (folder / "out.txt").read_text()
        assert results(folder / "log") == whole.trained, f"killed before change {moment}"
        shutil.rmtree(folder)


def test_killed_while_it_reports_a_run_writes_the_same_report(
    server: Server, whole: Whole, tmp_path: Path, long: bool
) -> None:
    assert whole.report_changes > 100
    for moment in moments(whole.report_changes, None if long else 1):
        folder = tmp_path / str(moment)
        assert server.run(folder, *SMALL) == 0, (folder / "out.txt").read_text()
        assert server.run(folder, *SMALL, kill_at=moment, page=True) == -signal.SIGKILL
        assert server.run(folder, *SMALL, page=True) == 0, (folder / "out.txt").read_text()
        assert results(folder / "log") == whole.reported, f"killed before change {moment}"
        shutil.rmtree(folder)


def moments(changes: int, some: int | None) -> list[int]:
    """Some numbers from 1 to that of the changes, drawn; all of them without a number."""
    drawn = stream(1, "killed before a change").permutation(changes) + 1
    return sorted(int(moment) for moment in drawn[:some])


def test_killed_again_and_again_a_run_goes_on_to_the_same_bytes(
    server: Server, whole: Whole, tmp_path: Path, long: bool
) -> None:
    """Each attempt gets a few changes further than the last; what it loses is at most an epoch."""
    generator, kills = stream(2, "killed again and again"), 0
    for _ in range(20 if long else 1):
        folder = tmp_path / str(kills)
        attempts = 0
        while (code := server.run(folder, *SMALL, kill_at=int(generator.integers(12, 60)))) == -signal.SIGKILL:
            attempts += 1
            assert attempts < 100, "it gets no further"
        assert code == 0, (folder / "out.txt").read_text()
        assert results(folder / "log") == whole.trained
        shutil.rmtree(folder)
        kills += attempts
    assert kills > 3


def test_a_run_with_worker_processes_that_is_killed_goes_on_to_the_same_bytes(server: Server, tmp_path: Path) -> None:
    arguments = ("run", "--losses", "cross_entropy", "--seeds", "2", "--epochs", "12")
    command = [sys.executable, "-m", "lossbench", *arguments]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    with subprocess.Popen(command, cwd=killed, start_new_session=True, stdout=subprocess.DEVNULL) as run:
        wait_for(lambda: len(list(killed.glob("log/trials/*/trial.json"))) == 2)
        time.sleep(0.3)
        os.killpg(run.pid, signal.SIGKILL)
    for folder in (killed, whole):
        assert server.run(folder, *arguments, "--executor", "inline") == 0
    assert results(killed / "log") == results(whole / "log")


def test_a_run_whose_driver_or_workers_are_killed_at_random_moments_ends_in_the_same_bytes(
    tmp_path: Path, long: bool
) -> None:
    """As its users run it, with worker processes; a hundred kills in the long form."""
    if not long:
        pytest.skip("takes ten minutes and more: make torture")
    assert run_for(tmp_path / "whole", REAL) == 0
    expected = results(tmp_path / "whole" / "log")
    generator, kills, studies = stream(3, "killed at random moments"), {"driver": 0, "worker": 0}, 0
    folder = tmp_path / "killed"
    while sum(kills.values()) < 100:
        code = run_for(folder, REAL, generator, kills)
        if code == 0:
            assert results(folder / "log") == expected
            assert not left_over(folder), "a process outlives its run"
            studies += 1
            shutil.rmtree(folder)
    while run_for(folder, REAL):
        pass
    assert results(folder / "log") == expected
    print(f"{kills} killed over {studies + 1} studies of 10 trials, each with the bytes of an undisturbed one")  # noqa: T201


def run_for(
    folder: Path,
    arguments: tuple[str, ...],
    generator: np.random.Generator | None = None,
    kills: dict[str, int] | None = None,
) -> int:
    """Runs the command as a user would, killing the driver or one of its workers after a random time; its exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "lossbench", *arguments]
    with (folder / "out.txt").open("ab") as out:
        run = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    if generator is not None and kills is not None:
        victim = "driver" if generator.random() < 0.5 else "worker"
        if victim == "worker":
            wait_for(lambda: children(run.pid) or run.poll() is not None)
        end = time.monotonic() + float(generator.uniform(0, 10 if victim == "driver" else 5))
        while time.monotonic() < end and run.poll() is None:
            time.sleep(0.02)
        target = run.pid if victim == "driver" else int(generator.choice(children(run.pid) or [run.pid]))
        if run.poll() is None:
            with suppress(ProcessLookupError):  # a worker that has just left by itself
                os.kill(target, signal.SIGKILL)
                kills["driver" if target == run.pid else "worker"] += 1
    return run.wait(timeout=600)


def left_over(folder: Path) -> list[str]:
    """The processes that still work in a folder."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.resolve() == folder.resolve() and int(link.parent.name) != os.getpid():
                found.append(link.parent.name)
        except OSError:
            continue
    return found
