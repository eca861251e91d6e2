"""`lossbench run` from nothing to a report: what is written, what is not trained again, how it ends."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import pytest
import yaml

from cli_runner import QUICK, Runner
from lossbench.results import HISTORY_COLUMNS

pytestmark = pytest.mark.usefixtures("blank_figures")

TRIAL_FILES = ("trial.json", "history.csv", "counts.npz", "logits.safetensors", "outcome.json")


def trial_times(here: Path) -> dict[str, int]:
    """When each trial's provenance was written, by key."""
    return {path.parent.name: path.stat().st_mtime_ns for path in here.glob("log/trials/*/provenance.json")}


class TestAWholeRun:
    def test_it_writes_the_studys_folder_and_says_where_the_report_is(self, lossbench: Runner, here: Path) -> None:
        done = lossbench("run", *QUICK)
        assert done.code == 0, done.err
        assert "report: log/studies/digits-mlp/report.html" in done.out
        folder = here / "log/studies/digits-mlp"
        names = {path.name for path in folder.iterdir()}
        assert {"study.yaml", "history.csv", "summary.csv", "comparisons.csv", "report.html", "figures"} <= names
        stems = {path.stem for path in (folder / "figures").glob("*.svg")}
        assert stems == {path.stem for path in (folder / "figures").glob("*.png")}
        self.check_history(folder / "history.csv")

    def check_history(self, path: Path) -> None:
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert tuple(rows[0]) == HISTORY_COLUMNS
        losses = ["l1", "cross_entropy", "focal(gamma=2)", "focal(gamma=0.5)"]
        expected = set(product(losses, "12", "12", ("train", "test")))
        assert {(r["loss_function"], r["seed"], r["epoch"], r["split"]) for r in rows} == expected
        assert len(rows) == len(expected)

    def test_profile_says_where_the_time_went_and_sums_to_it(self, lossbench: Runner, here: Path) -> None:
        began = time.perf_counter()
        done = lossbench("run", *QUICK, "--workers", "1", "--profile")
        whole = time.perf_counter() - began
        assert done.code == 0, done.err
        assert "profile: log/studies/digits-mlp/profile.csv" in done.out
        with (here / "log/studies/digits-mlp/profile.csv").open(encoding="utf-8") as file:
            rows = {row["phase"]: row for row in csv.DictReader(file)}
        work = ["starting", "data", "forward", "loss", "backward", "step", "evaluation", "storing"]
        assert list(rows) == ["preparing", "process start", *work, "idle", "reporting"]
        assert all(float(row["seconds"]) > 0 for phase, row in rows.items() if phase != "idle")
        assert float(rows["idle"]["seconds"]) >= 0
        assert 0.5 * whole < sum(float(row["seconds"]) for row in rows.values()) < whole
        assert sum(float(row["share"]) for row in rows.values()) == pytest.approx(1, abs=0.001)

    def test_without_profile_no_file_says_so(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK)
        assert not list(here.rglob("profile.csv"))

    def test_a_second_identical_run_trains_nothing(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK)
        before = trial_times(here)
        report = (here / "log/studies/digits-mlp/report.html").read_bytes()
        done = lossbench("run", *QUICK)
        assert "nothing to train, all 8 trials are in log" in done.out
        assert trial_times(here) == before
        assert (here / "log/studies/digits-mlp/report.html").read_bytes() == report

    def test_adding_a_loss_and_a_seed_trains_those_alone(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy")
        before = trial_times(here)
        done = lossbench("run", *QUICK, "--losses", "cross_entropy,focal(gamma=0.5)", "--seeds", "3")
        assert done.code == 0, done.err
        assert "4 of 6 trials to train" in done.out
        after = trial_times(here)
        assert {key: after[key] for key in before} == before
        assert len(after) == 6

    def test_the_resolved_study_repeats_the_run(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK)
        written = here / "log/studies/digits-mlp/study.yaml"
        values = yaml.safe_load(written.read_text(encoding="utf-8"))
        assert values["recipe"]["precision"] in ("fp32", "bf16")
        done = lossbench("run", str(written))
        assert "nothing to train" in done.out

    def test_running_train_metrics_are_named_as_such(self, lossbench: Runner, here: Path) -> None:
        done = lossbench("run", *QUICK, "--train-metrics", "running", "--losses", "cross_entropy")
        assert done.code == 0, done.err
        folder = here / "log/studies/digits-mlp"
        assert ",train_running," in (folder / "history.csv").read_text(encoding="utf-8")
        assert "train (running)" in (folder / "report.html").read_text(encoding="utf-8")

    def test_keep_weights_keeps_them(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy", "--keep-weights")
        assert len(list(here.glob("log/trials/*/weights.safetensors"))) == 2

    def test_a_failed_trial_is_said_and_the_exit_code_is_1(self, lossbench: Runner, here: Path) -> None:
        (here / "mine_for_cli.py").write_text(
            "from torch import nn\n"
            "class Net(nn.Sequential):\n"
            "    def forward(self, x):\n"
            "        if self.training:\n"
            "            raise RuntimeError('no <b>luck</b> today')\n"
            "        return super().forward(x)\n"
            "def net(num_classes, in_channels):\n"
            "    return Net(nn.Flatten(), nn.Linear(64, num_classes))\n"
        )
        options = ("--model", "mine_for_cli:net", "--losses", "cross_entropy", "--seeds", "1", "--executor", "inline")
        done = lossbench("run", *options)
        assert done.code == 1
        assert "failed (RuntimeError: no <b>luck</b> today)" in done.out
        status = lossbench("status", "log")
        assert "1 failed" in status.out
        assert "no <b>luck</b> today" in status.out
        page = (here / "log/studies/digits-net/report.html").read_text(encoding="utf-8")
        assert "no &lt;b&gt;luck&lt;/b&gt; today" in page

    def test_an_edited_model_is_another_study(self, lossbench: Runner, here: Path) -> None:
        source = (
            "from torch import nn\n"
            "def net(num_classes, in_channels):\n"
            "    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_classes))\n"
        )
        (here / "mine_to_edit.py").write_text(source)
        options = ("--model", "mine_to_edit:net", "--losses", "cross_entropy", "--seeds", "1", "--epochs", "1")
        assert lossbench("run", *options, "--executor", "inline").code == 0
        (here / "mine_to_edit.py").write_text(source + "# edited\n")
        done = lossbench("run", *options, "--executor", "inline")
        assert done.code == 2
        assert "models (the source of the model is not the same)" in done.err

    def test_a_trial_that_could_not_be_begun_makes_the_exit_code_1(self, lossbench: Runner, here: Path) -> None:
        plan = lossbench("run", *QUICK, "--losses", "cross_entropy", "--dry-run").out
        key = re.findall(r"[0-9a-f]{24}", plan)[0]
        (here / "log/trials").mkdir(parents=True)
        (here / "log/trials" / key).write_text("in the way")
        done = lossbench("run", *QUICK, "--losses", "cross_entropy")
        assert done.code == 1
        assert (here / "log/studies/digits-mlp/report.html").exists()

    def test_weights_that_come_too_late_are_said(self, lossbench: Runner) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy")
        done = lossbench("run", *QUICK, "--losses", "cross_entropy", "--keep-weights")
        assert "2 trials were finished before this run; it added no weights to them" in done.out

    def test_a_path_is_kept_so_that_the_study_runs_from_anywhere(
        self, lossbench: Runner, here: Path, pictures_32: Path
    ) -> None:
        shutil.copy(pictures_32, here / "small.npz")
        done = lossbench("run", *QUICK, "--losses", "cross_entropy", "--data", "small.npz")
        assert done.code == 0, done.err
        values = yaml.safe_load((here / "log/studies/small.npz-mlp/study.yaml").read_text(encoding="utf-8"))
        assert values["data"] == str(here / "small.npz")

    def test_a_validation_split_is_run_and_reported(self, lossbench: Runner, here: Path) -> None:
        (here / "study.yaml").write_text('losses: [cross_entropy]\nscenarios: ["validation(0.1)"]\n')
        done = lossbench("run", "study.yaml", *QUICK)
        assert done.code == 0, done.err
        assert ",validation," in (here / "log/studies/digits-mlp/summary.csv").read_text(encoding="utf-8")


class TestNames:
    def test_another_study_under_a_taken_name_is_refused(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy")
        before = trial_times(here)
        done = lossbench("run", *QUICK, "--losses", "cross_entropy", "--lr", "0.05")
        assert done.code == 2
        assert "name: expected the study digits-mlp of this save dir, or one that only adds losses, seeds" in done.err
        assert "recipe" in done.err
        assert "--name" in done.err
        assert trial_times(here) == before

    def test_another_name_makes_room_for_it(self, lossbench: Runner, here: Path) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy")
        done = lossbench("run", *QUICK, "--losses", "cross_entropy", "--lr", "0.05", "--name", "slower")
        assert done.code == 0, done.err
        assert (here / "log/studies/slower/report.html").exists()

    def test_leaving_losses_out_is_another_study(self, lossbench: Runner) -> None:
        lossbench("run", *QUICK)
        done = lossbench("run", *QUICK, "--losses", "l1")
        assert done.code == 2
        assert "losses (it leaves some out)" in done.err


class TestADryRun:
    def test_it_lists_the_trials_and_estimates_and_writes_nothing(self, lossbench: Runner, here: Path) -> None:
        done = lossbench("run", *QUICK, "--dry-run")
        assert done.code == 0, done.err
        lines = done.out.splitlines()
        assert len([line for line in lines if line.rstrip().endswith("no")]) == 8
        assert "8 trials to train, 1 at a time: about" in lines[-1]
        assert "MB of disk" in lines[-1]
        assert list(here.iterdir()) == []

    def test_it_knows_what_the_store_has(self, lossbench: Runner) -> None:
        lossbench("run", *QUICK, "--losses", "cross_entropy")
        done = lossbench("run", *QUICK, "--losses", "cross_entropy,l1", "--dry-run")
        assert len([line for line in done.out.splitlines() if line.rstrip().endswith("yes")]) == 2
        assert "2 trials to train" in done.out

    def test_the_preset_is_the_documents_study(self, lossbench: Runner, pictures_32: Path) -> None:
        done = lossbench("run", "--preset", "course-report", "--data", str(pictures_32), "--dry-run")
        assert done.code == 0, done.err
        assert "4 trials to train" in done.out


@pytest.fixture
def pictures_32(tmp_path: Path) -> Path:
    """A small set of 32×32 pictures in colour."""
    import numpy as np

    path = tmp_path / "small.npz"
    pictures = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (40, 32, 32, 3)).astype(np.uint8)
    labels = np.arange(40) % 10
    np.savez(path, x_train=pictures, y_train=labels, x_test=pictures[:20], y_test=labels[:20])
    return path


class TestInterrupted:
    def ran(self, code: str, here: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=False)

    def test_an_early_ctrl_c_is_no_traceback(self, here: Path) -> None:
        code = (
            "import sys, builtins\nreal = builtins.__import__\n"
            "def interrupted(name, *rest, **more):\n"
            "    if name == 'typer':\n        raise KeyboardInterrupt\n    return real(name, *rest, **more)\n"
            "builtins.__import__ = interrupted\nfrom lossbench.cli import main\nmain(['run'])"
        )
        done = self.ran(code, here)
        assert done.returncode == 130
        assert done.stderr.startswith("lossbench: interrupted")

    def test_its_exit_code_is_no_signals_wherever_it_came(self, here: Path) -> None:
        """In code that is made while modules are imported, Python would end the process by the signal itself."""
        code = (
            "import sys\nfrom lossbench import cli\n"
            "cli._run = lambda typed: exec('raise KeyboardInterrupt')\n"
            "sys.argv = ['lossbench', 'run']\ncli.main()"
        )
        done = self.ran(code, here)
        assert done.returncode == 130
        assert done.stderr.endswith("this goes on: lossbench run\n")
