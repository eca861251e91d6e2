"""Several runs over one save dir share the work: no trial is trained twice, none is lost, everybody may read."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from fault_makers import Server, results, wait_for

from lossbench.store import Store, StudyFolder

COUNTED = """
import os
from torch import Tensor, nn

class Net(nn.Sequential):
    noted = False

    def forward(self, x):
        if self.training and type(x) is Tensor and not self.noted:  # a trial's first batch, or its first after going on
            self.noted = True
            note = os.open("trained.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(note, f"{os.getpid()}\\n".encode())
            os.close(note)
        return super().forward(x)

def net(num_classes, in_channels):
    return Net(nn.Flatten(), nn.Linear(64 * in_channels, 256), nn.ReLU(), nn.Linear(256, num_classes))
"""
EIGHT = (
    *("run", "--model", "counted_for_faults:net", "--losses", "cross_entropy,l1", "--seeds", "4", "--epochs", "10"),
    *("--checkpoint-seconds", "0"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with a model that notes each beginning of a training."""
    return prepared(tmp_path / "shared")


def prepared(folder: Path) -> Path:
    folder.mkdir()
    (folder / "counted_for_faults.py").write_text(COUNTED)
    return folder


def begun(folder: Path) -> list[str]:
    """The process of each training that was begun."""
    path = folder / "trained.txt"
    return path.read_text().split() if path.exists() else []


@pytest.mark.parametrize("runs", [2, 4])
def test_runs_that_begin_together_train_each_trial_once(
    server: Server, folder: Path, tmp_path: Path, runs: int
) -> None:
    started = [server.start(folder, *EIGHT, "--executor", "inline") for _ in range(runs)]
    assert [run.wait() for run in started] == [0] * runs, (folder / "out.txt").read_text()
    counts = Counter(begun(folder))
    assert sum(counts.values()) == 8
    assert len(counts) == runs, "they share the work"
    alone = prepared(tmp_path / "alone")
    assert server.run(alone, *EIGHT, "--executor", "inline") == 0
    assert results(folder / "log") == results(alone / "log")


def test_the_trials_of_a_run_that_is_killed_are_taken_over(server: Server, folder: Path) -> None:
    runs = [server.start(folder, *EIGHT, "--executor", "inline") for _ in range(2)]
    wait_for(lambda: str(runs[0].process) in begun(folder))
    os.kill(runs[0].process, signal.SIGKILL)
    assert runs[0].wait() == -signal.SIGKILL
    assert runs[1].wait() == 0, (folder / "out.txt").read_text()
    assert len(list((folder / "log/trials").glob("*/provenance.json"))) == 8
    assert len(begun(folder)) <= 9, "only what was being trained when it died is begun again"


def test_others_read_while_runs_write(server: Server, folder: Path) -> None:
    """A report on half a study says what there is, and the whole one that comes later is not its worse for it."""
    run = server.start(folder, *EIGHT, "--executor", "inline", page=True)
    wait_for(lambda: len(list(folder.glob("log/trials/*/provenance.json"))) >= 2)
    told = []
    for command in ("status", "report", "watch"):
        more = ("--verify",) if command == "status" else ()
        assert server.run(folder, command, "log", *more, page=True) == 0, (folder / "out.txt").read_text()
        told.append(len(list(folder.glob("log/trials/*/provenance.json"))))
    assert run.wait() == 0, (folder / "out.txt").read_text()
    out = (folder / "out.txt").read_text()
    assert re.search(r"verified: \d+ files of \d trials, all as they were written", out)
    assert "Traceback" not in out
    assert "damaged" not in out
    assert told[0] < 8, "it was read while it was written"


def test_a_trial_that_another_run_trains_is_said_and_waited_for(server: Server, folder: Path) -> None:
    one = (*EIGHT[:3], "--seeds", "1", "--losses", "cross_entropy", "--epochs", "60", "--executor", "inline")
    first = server.start(folder, *one)
    wait_for(lambda: begun(folder))
    second = server.start(folder, *one)
    assert first.wait() == second.wait() == 0, (folder / "out.txt").read_text()
    assert len(begun(folder)) == 1
    assert "cross_entropy seed 1: another run trains it" in (folder / "out.txt").read_text()


def test_a_run_with_fewer_seeds_does_not_shrink_a_study_that_grows(server: Server, folder: Path) -> None:
    assert server.run(folder, *EIGHT, "--executor", "inline") == 0
    assert server.run(folder, *EIGHT, "--seeds", "2", "--executor", "inline") == 2
    assert "seeds (it leaves some out)" in (folder / "out.txt").read_text()
    assert StudyFolder.read(Store(folder / "log"), "digits-net").study.seeds == (1, 2, 3, 4)


def test_four_runs_with_worker_processes_share_a_save_dir(folder: Path, tmp_path: Path, long: bool) -> None:
    if not long:
        pytest.skip("twelve processes that import torch take a minute: make torture")
    command = [sys.executable, "-m", "lossbench", *EIGHT, "--workers", "2"]
    with (folder / "out.txt").open("ab") as out:
        runs = [subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) for _ in range(4)]
    assert [run.wait(timeout=600) for run in runs] == [0] * 4, (folder / "out.txt").read_text()
    assert len(begun(folder)) == 8
    alone = prepared(tmp_path / "alone")
    subprocess.run(command, cwd=alone, check=True, stdout=subprocess.DEVNULL)
    assert results(folder / "log") == results(alone / "log")
