"""`lossbench run --shard`: what is trained, what is said and written, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lossbench as product
from cli_runner import Runner
from lossbench.store import Store, StudyFolder
from tuning_makers import small

pytestmark = pytest.mark.usefixtures("blank_figures")

SMALL = ("--model", "mlp", "--losses", "cross_entropy,l1", "--seeds", "2", "--epochs", "1", "--executor", "inline")
SHARE = "digits-mlp, part 1/2 has 2 of the study's 4 trials: 2 finished"


def finished(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("trials/*/provenance.json")}


def test_each_part_trains_its_own_and_together_they_have_the_whole(lossbench: Runner, here: Path) -> None:
    done = [lossbench("run", *SMALL, "--shard", f"{part}/3", "--save-dir", f"job{part}") for part in (1, 2, 3)]
    assert [one.code for one in done] == [0, 0, 0], done[0].err
    parts = [finished(here / f"job{part}") for part in (1, 2, 3)]
    assert [len(part) for part in parts] == [2, 1, 1]
    keys = StudyFolder.read(Store(here / "job1"), "digits-mlp").trials.values()
    assert sorted(key for part in parts for key in part) == sorted(keys)
    assert "[2/2]" in done[0].out  # the progress is that of the part


def test_what_is_said_and_written_at_its_end(lossbench: Runner, here: Path) -> None:
    done = lossbench("run", *SMALL, "--shard", "1/2", "--save-dir", "job 1")
    assert done.out.splitlines()[0] == "digits-mlp, part 1/2: 2 of 2 trials to train, 1 at a time"
    assert done.out.splitlines()[-2:] == [
        SHARE,
        "`lossbench merge INTO 'job 1' ...` with the folders of all parts puts them together and writes the report",
    ]
    written = {path.name for path in (here / "job 1/studies/digits-mlp").iterdir()}
    assert written == {"study.json", "study.yaml", "study.lock"}
    assert "4 trials, 2 finished, 2 missing" in lossbench("status", "job 1").out
    again = lossbench("run", *SMALL, "--shard", "1/2", "--save-dir", "job 1")
    assert (again.code, "nothing to train, all 2 trials are in job 1" in again.out) == (0, True)


def test_parts_may_share_a_save_dir_and_leave_each_other_alone(lossbench: Runner, here: Path) -> None:
    lossbench("run", *SMALL, "--shard", "2/2")
    before = {path: path.stat().st_mtime_ns for path in here.glob("log/trials/*/*.*")}
    done = lossbench("run", *SMALL, "--shard", "1/2")
    assert done.out.splitlines()[-2:] == [
        SHARE,
        "all trials of the study are here; `lossbench report log/studies/digits-mlp` writes its report",
    ]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert lossbench("report", "log").code == 0


def test_a_dry_run_lists_the_part_and_writes_nothing(lossbench: Runner, here: Path) -> None:
    done = lossbench("run", *SMALL, "--shard", "2/2", "--dry-run")
    assert done.code == 0, done.err
    assert len(re.findall(" seed [12] ", done.out)) == 2
    assert "2 trials to train, 1 at a time: about" in done.out
    assert done.out.splitlines()[-1] == "digits-mlp, part 2/2 has 2 of the study's 4 trials: the list above"
    assert not (here / "log").exists()


def test_more_parts_than_trials(lossbench: Runner, here: Path) -> None:
    done = lossbench("run", *SMALL, "--shard", "7/9")
    assert done.code == 0, done.err
    assert "digits-mlp, part 7/9: nothing to train\ndigits-mlp, part 7/9 has 0 of the study's 4 trials\n" in done.out


def test_a_failed_trial_is_exit_code_1_in_its_part_alone(lossbench: Runner, here: Path) -> None:
    gives = "    assert len(target) <= 30  # no more are tried before\n    return (logits**2).sum(1) + target\n"
    (here / "failing.py").write_text(f"def bad(logits, target):\n{gives}", encoding="utf-8")
    options = ("--model", "mlp", "--losses", "failing:bad,l1", "--seeds", "1", "--epochs", "1", "--executor", "inline")
    done = [lossbench("run", *options, "--shard", f"{part}/2") for part in (1, 2)]
    assert sorted(one.code for one in done) == [0, 1], done[0].err


def test_own_metrics_are_computed_of_the_part_alone(lossbench: Runner, here: Path) -> None:
    (here / "shared_metric.py").write_text("def one(logits, target):\n    return 1.0\n", encoding="utf-8")
    lossbench("run", *SMALL, "--shard", "1/2")
    lossbench("run", *SMALL, "--shard", "2/2", "--metric", "shared_metric:one")
    assert len(list(here.glob("log/trials/*/metrics/*.json"))) == 2


def test_own_metrics_that_failed_are_said_of_the_part_alone(lossbench: Runner, here: Path) -> None:
    (here / "shard_metric.py").write_text("def bad(logits, target):\n    raise ValueError('no')\n", encoding="utf-8")
    lossbench("run", *SMALL, "--shard", "1/2")
    done = lossbench("run", *SMALL, "--shard", "2/2", "--metric", "shard_metric:bad")
    assert "\n2 values of the study's own metrics could not be computed: bad of cross_entropy seed " in done.out


@pytest.mark.parametrize("given", ["0/4", "5/4", "a/b", "3"])
def test_what_is_no_part(lossbench: Runner, here: Path, given: str) -> None:
    done = lossbench("run", *SMALL, "--shard", given)
    assert (done.code, done.out) == (2, "")
    allowed = "a part and the number of parts, as 3/16, the part from 1 to that number"
    assert done.err == f"lossbench: --shard: expected {allowed}, got {given}\n"
    assert not (here / "log").exists()


def test_a_study_that_runs_until_it_is_decided_has_no_parts(lossbench: Runner, here: Path) -> None:
    done = lossbench("run", "--until-decided", "--shard", "1/2")
    assert done.code == 2
    expected = "expected a study whose seeds are settled, got one that runs until it is decided (name its seeds with"
    assert done.err.startswith(f"lossbench: --shard: {expected} --seeds: ")
    assert not (here / "log").exists()


class TestFromPython:
    @pytest.mark.parametrize("shard", ["1/2", (1, 2)])
    def test_the_results_are_what_the_save_dir_has(
        self, tmp_path: Path, made_data: Path, shard: str | tuple[int, int]
    ) -> None:
        results = product.run(small(made_data), tmp_path / "log", executor="inline", shard=shard)
        assert isinstance(results, product.Results)
        assert sorted(results.trials["status"]) == ["finished", "finished", "missing", "missing"]
        assert not (tmp_path / "log/studies/small/report.html").exists()

    def test_what_is_refused(self, tmp_path: Path, made_data: Path) -> None:
        with pytest.raises(product.RequestError, match="shard: expected a part and the number of parts"):
            product.run(small(made_data), tmp_path / "log", shard=(3, 2))
        until = small(made_data, plan={"max_seeds": 5})
        with pytest.raises(product.RequestError, match="shard: expected a study whose seeds are settled, got one that"):
            product.run(until, tmp_path / "log", shard="1/2")
        assert not (tmp_path / "log").exists()
