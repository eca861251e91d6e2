"""A tuning again: in workers, after an interrupt, after a death, twice at once: the choices are the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from lossbench.api.tuning.tune import plan_tuning, tune, tune_missing
from lossbench.run import Event
from lossbench.spec import Trial
from lossbench.store import Needless, needless, remove
from tuning_makers import MadeEngine, near, small, tried, tuned


class TestAgain:
    def test_the_same_study_is_tuned_alike_in_this_process_and_in_workers(
        self, made_data: Path, tmp_path: Path
    ) -> None:
        here = tuned(small(made_data), tmp_path / "a", 7)
        there = tune(small(made_data), 7, save_dir=tmp_path / "b", workers=2)
        assert tried(here).equals(tried(there))
        assert here.study == there.study
        assert here.trials["value"].n_unique() > 3, "the engine was asked"

    @pytest.mark.parametrize("share", [0.01, 0.2, 0.45, 0.6, 0.85, 1.0])
    def test_after_an_interrupt_at_any_epoch_the_choices_are_the_same(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine, share: float
    ) -> None:
        whole = tuned(small(made_data), tmp_path / "whole")
        course, epochs = near(0.02), [0]
        stopped_at = max(1, round(share * sum(whole.trials["epochs"].to_list())))

        def interrupted(trial: Trial, epoch: int) -> float | str:
            epochs[0] += 1
            if epochs[0] == stopped_at:
                raise KeyboardInterrupt
            return course(trial, epoch)

        engine.course = interrupted
        with pytest.raises(KeyboardInterrupt):
            tuned(small(made_data), tmp_path / "log")
        before = len(engine.trials)
        again = tuned(small(made_data), tmp_path / "log")
        assert tried(again).equals(tried(whole))
        assert again.study == whole.study
        ended = before - 16 - 1
        assert len(engine.trials) - before == 16 - ended, "what was tried is not tried again"

    @pytest.mark.parametrize("kept", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
    def test_after_a_death_at_any_byte_of_a_journal_the_choices_are_the_same(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine, kept: float
    ) -> None:
        whole = tuned(small(made_data), tmp_path / "log")
        for path in (tmp_path / "log/tuning/small").glob("*.journal"):
            content = path.read_bytes()
            path.write_bytes(content[: int(len(content) * kept)])
            path.with_name(f"{path.name}.lock").touch()  # of whoever was writing
        again = tuned(small(made_data), tmp_path / "log")
        assert tried(again).equals(tried(whole))


def started(study: Path) -> subprocess.Popen[str]:
    """`lossbench tune` of a study file, with two workers."""
    command = [sys.executable, "-m", "lossbench", "tune", str(study), "--budget", "7", "--workers", "2"]
    return subprocess.Popen(
        command, cwd=study.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def noted(folder: Path) -> int:
    """How many attempts are in the journals."""
    return sum(path.read_bytes().count(b"status") for path in folder.glob("*.journal"))


def stopped(study: Path, folder: Path, sent: int) -> tuple[int, str]:
    """The exit code of the command that is sent a signal once it has tried something, and what it said."""
    before = noted(folder)
    with started(study) as command:
        assert command.stderr is not None
        while noted(folder) < before + 2:
            assert command.poll() is None, command.stderr.read()
            time.sleep(0.01)
        os.kill(command.pid, sent)
        said = command.stderr.read()
    for lock in folder.glob("*.lock"):
        with FileLock(lock, timeout=30):  # a worker that lives holds it
            pass
    return command.returncode, said


def test_a_command_that_is_stopped_leaves_no_workers_and_goes_on(made_data: Path, tmp_path: Path) -> None:
    """First by Ctrl-C, then it is killed."""
    study = small(made_data, recipe={"epochs": 12})
    (tmp_path / "study.yaml").write_text(study.to_yaml(), encoding="utf-8")
    folder = tmp_path / "log/tuning/small"
    code, said = stopped(tmp_path / "study.yaml", folder, signal.SIGINT)
    assert code == 130, said
    assert "interrupted; what was finished is kept, and this goes on: lossbench tune" in said
    code, said = stopped(tmp_path / "study.yaml", folder, signal.SIGKILL)
    assert code == -signal.SIGKILL, said
    assert not (folder / "tuning.csv").exists()
    assert tried(tuned(study, tmp_path / "log", 7)).equals(tried(tuned(study, tmp_path / "whole", 7)))


def test_what_who_listens_raises_is_no_attempts_end(made_data: Path, tmp_path: Path) -> None:
    """As where nobody reads what a command prints any more."""
    study = small(made_data)

    def listen(event: Event) -> None:
        if event.kind == "epoch":
            raise SystemExit(1)

    with pytest.raises(SystemExit):
        tune_missing(plan_tuning(study, 2, save_dir=tmp_path / "log"), listen, executor="inline")
    again = tuned(study, tmp_path / "log", 2)
    assert tried(again).equals(tried(tuned(study, tmp_path / "whole", 2)))
    assert "failed" not in set(again.trials["status"])


def test_two_commands_at_once_do_not_disturb_each_other(made_data: Path, tmp_path: Path) -> None:
    study = small(made_data)
    (tmp_path / "study.yaml").write_text(study.to_yaml(), encoding="utf-8")
    with started(tmp_path / "study.yaml") as one, started(tmp_path / "study.yaml") as other:
        assert one.stderr is not None
        assert other.stderr is not None
        assert (one.stderr.read(), other.stderr.read()) == ("", "")
    assert (one.returncode, other.returncode) == (0, 0)
    both = tuned(study, tmp_path / "log", 7)
    assert tried(both).equals(tried(tuned(study, tmp_path / "alone", 7)))
    journals = (tmp_path / "log/tuning/small").glob("*.journal")
    assert {path.read_bytes().count(b'"status"') for path in journals} == {7}, "nothing was tried twice"


def test_from_its_first_moment_to_its_last_pruning_leaves_its_pictures(
    made_data: Path, tmp_path: Path, engine: MadeEngine
) -> None:
    planned = plan_tuning(small(made_data), 2, save_dir=tmp_path / "log")
    heard, gone = list[str](), list[Needless]()

    def prune(event: Event) -> None:
        heard.append(event.kind)
        found = [item for item in needless(planned.store) if item.kind == "pictures"]
        assert len(found) == 1
        gone.extend(remove(planned.store, found))

    tune_missing(planned, prune, executor="inline")
    assert (heard[0], heard[-1]) == ("started", "finished")
    assert gone == []
    (found,) = needless(planned.store)
    assert len(remove(planned.store, [found])) == 1, "when it is over they may go"
