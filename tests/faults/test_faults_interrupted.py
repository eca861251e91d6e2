"""Ctrl-C, `kill`, the end of a terminal: a run leaves within seconds, says what to type, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fault_makers import Server, children, results, wait_for

ARGUMENTS = (
    *("run", "--model", "mlp", "--losses", "cross_entropy", "--seeds", "2", "--epochs", "15"),
    *("--checkpoint-seconds", "0"),
)
INLINE = (*ARGUMENTS, "--executor", "inline")
STUBBORN = """
import time
from torch import nn

class Net(nn.Sequential):
    def forward(self, x):
        if self.training:
            while True:
                try:
                    open("here.txt", "w").close()
                    time.sleep(60)
                except BaseException:
                    open("heard.txt", "w").close()
        return super().forward(x)

def net(num_classes, in_channels):
    return Net(nn.Flatten(), nn.Linear(64 * in_channels, num_classes))
"""

WAITING = """
import os
import time
from torch import nn

class Net(nn.Sequential):
    steps = 0

    def forward(self, x):
        self.steps += self.training
        if self.steps > 60:  # in the fifth of the epochs, of twelve steps each
            open(f"here-{os.getpid()}.txt", "w").close()
            while not os.path.exists("go.txt"):
                time.sleep(0.05)
        return super().forward(x)

def net(num_classes, in_channels):
    return Net(nn.Flatten(), nn.Linear(64 * in_channels, num_classes))
"""


@pytest.fixture(scope="module")
def whole(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an undisturbed run leaves."""
    folder = tmp_path_factory.mktemp("whole")
    assert server.run(folder, *INLINE) == 0
    return results(folder / "log")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_run_that_is_told_to_leave_goes_on_from_its_last_epoch(
    server: Server, whole: dict[str, Any], tmp_path: Path, name: str
) -> None:
    run = server.start(tmp_path / "cut", *INLINE)
    wait_for(lambda: list((tmp_path / "cut").glob("log/trials/*/checkpoint/state.safetensors")))
    began = time.monotonic()
    os.kill(run.process, getattr(signal, name))
    assert run.wait() == 130
    assert time.monotonic() - began < 5
    said = (tmp_path / "cut/out.txt").read_text().splitlines()
    assert said[-1] == (
        "lossbench: interrupted; what was finished is kept, and this goes on: lossbench " + " ".join(INLINE)
    )
    assert not list((tmp_path / "cut").glob("log/trials/*/failure.json")), "an interrupt is no failure of a trial"
    assert server.run(tmp_path / "cut", *INLINE) == 0
    assert results(tmp_path / "cut/log") == whole


def test_a_second_interrupt_ends_what_the_first_did_not(server: Server, tmp_path: Path) -> None:
    (tmp_path / "stubborn_for_faults.py").write_text(STUBBORN)
    run = server.start(tmp_path, "run", "--model", "stubborn_for_faults:net", "--losses", "l1", "--executor", "inline")
    wait_for((tmp_path / "here.txt").exists)
    os.kill(run.process, signal.SIGINT)
    wait_for((tmp_path / "heard.txt").exists)
    began = time.monotonic()
    os.kill(run.process, signal.SIGINT)
    assert run.wait() == 130
    assert time.monotonic() - began < 5
    assert (tmp_path / "out.txt").read_text().splitlines()[-1].startswith("lossbench: interrupted; what was finished")


def test_what_was_started_to_survive_its_terminal_does(tmp_path: Path) -> None:
    """As nohup starts it."""
    code = (
        "import os, signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from lossbench.cli.interrupts import interruptible\n"
        "with interruptible('left'):\n    os.kill(os.getpid(), signal.SIGHUP)\n    print('still here')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "still here\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_worker_processes_leave_with_their_driver_and_shared_memory_is_not_used(
    server: Server, tmp_path: Path, name: str
) -> None:
    """Ctrl-C goes to all that a terminal has started, what a batch system or a container's end sends to the driver."""
    (tmp_path / "waiting_for_faults.py").write_text(WAITING)
    arguments = ("run", "--model", "waiting_for_faults:net", *ARGUMENTS[3:])
    command = [sys.executable, "-m", "lossbench", *arguments, "--workers", "2"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, it would be by the run, too
    with (tmp_path / "out.txt").open("ab") as out:
        run = subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=out, start_new_session=True)
    signal.signal(signal.SIGINT, before)
    try:
        wait_for(lambda: len(list(tmp_path.glob("here-*.txt"))) == 2, seconds=120)
        workers = children(run.pid)
        assert len(workers) == 2
        assert len(list(tmp_path.glob("log/trials/*/checkpoint/state.safetensors"))) == 2
        for process in (run.pid, *workers):
            assert "/dev/shm/" not in Path(f"/proc/{process}/maps").read_text(), (
                "shared memory outlives whoever is killed"
            )
        (os.killpg if name == "SIGINT" else os.kill)(run.pid, getattr(signal, name))
        assert run.wait(timeout=30) == 130, (tmp_path / "out.txt").read_text()
    finally:
        run.kill()
        run.wait()
    wait_for(lambda: not any(lives(worker) for worker in workers), seconds=30)
    said = (tmp_path / "out.txt").read_text()
    again = " ".join(("lossbench", *arguments, "--workers", "2"))
    assert said.splitlines()[-1] == f"lossbench: interrupted; what was finished is kept, and this goes on: {again}"
    assert "Traceback" not in said
    assert not list(tmp_path.glob("log/trials/*/failure.json"))
    (tmp_path / "go.txt").touch()
    assert server.run(tmp_path, *arguments, "--executor", "inline") == 0
    assert server.run(tmp_path, *arguments, "--executor", "inline", "--save-dir", "whole") == 0
    assert results(tmp_path / "log") == results(tmp_path / "whole")


def lives(process: int) -> bool:
    """Whether a process runs; one that has ended may be listed until whoever inherited it asks how."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False
