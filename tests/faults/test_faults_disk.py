"""A save dir that is full, read-only, forbidden, oddly named or gone: one sentence, and nothing is lost."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import pytest
from damage_makers import finish, small_study
from disk_makers import AT_CLAIM, FULL_AT, MORTAL, Words, disk, small_run
from fault_makers import Server, results

from cli_runner import Runner
from lossbench.api.running import prepare
from lossbench.api.verifying import states, verified
from lossbench.api.watching import Watch
from lossbench.store import StudyFolder, locate_study
from tuning_makers import written

FULL = "No space left on device"
SOME = (("train_pictures", 1), ("study.json", 1), ("state.safetensors", 5), ("logits.safetensors", 2))
MOMENTS = (
    *SOME,
    ("store.json", 1),
    ("samples", 1),
    ("study.yaml", 1),
    ("trial.json", 1),
    ("state.safetensors", 1),
    ("history.csv", 1),
    ("counts.npz", 3),
    ("outcome.json", 1),
    ("provenance.json", 2),
    ("provenance.json", 4),
)
"""Files, and the how manyeth of their kind, over whose writing the disk is full."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(server: Server, tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """The save dir of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole")
    assert server.run(folder, *small_run(data)) == 0
    return folder / "log"


@pytest.fixture
def words(server: Server, tmp_path: Path) -> Words:
    """Runs commands in a folder of its own."""
    return Words(server, tmp_path / "here")


def refused(lossbench: Runner, *arguments: str) -> str:
    """Runs a command that ends with exit code 2 and one sentence; the sentence."""
    done = lossbench(*arguments)
    assert done.code == 2, done.out
    assert done.err.strip().splitlines()[-1:] == done.err.strip().splitlines()
    return done.err


def finished(save_dir: Path) -> int:
    return len(list(save_dir.glob("trials/*/provenance.json")))


def no_half_file(save_dir: Path) -> None:
    """No draft, no failure: the store holds whole files alone."""
    left = [path for path in save_dir.rglob("*") if path.name.startswith(".") or path.name == "failure.json"]
    assert left == []


class TestAFullDisk:
    def test_a_run_stops_with_one_sentence_that_names_the_file_and_goes_on_with_more_space(
        self, words: Words, tmp_path: Path, data: Path, whole: Path, long: bool
    ) -> None:
        for name, number in MOMENTS if long else SOME:
            with disk(tmp_path / f"disk of {name}{number}", 65536) as small:
                log = small.path / "log"
                (small.path / "other").write_text("there is never none in use, for none would mean no limit")
                prelude = FULL_AT.format(name=name, number=number, disk=small.path)
                sentence = self.stops(words, log, *small_run(data, log), prelude=prelude)
                assert name.partition(".")[0] in sentence or "data/" in sentence
                small.again("size=64m")
                assert words(*small_run(data, log))[0] == 0
                assert results(log) == results(whole), name

    def test_so_it_does_wherever_the_space_ends(
        self, words: Words, tmp_path: Path, data: Path, whole: Path, long: bool
    ) -> None:
        if not long:
            pytest.skip("a matter of a minute; --long runs it")
        needed = sum(math.ceil(path.stat().st_size / 4096) * 4 for path in whole.rglob("*") if path.is_file())
        for share in range(4, 100, 8):
            with disk(tmp_path / f"disk{share}", math.ceil(needed * share / 100)) as small:
                log = small.path / "log"
                self.stops(words, log, *small_run(data, log))
                small.again("size=64m")
                assert words(*small_run(data, log))[0] == 0
                assert results(log) == results(whole), share

    def test_so_do_worker_processes(self, words: Words, tmp_path: Path, data: Path, whole: Path, long: bool) -> None:
        if not long:
            pytest.skip("starting worker processes takes seconds; --long runs it")
        with disk(tmp_path / "disk", 150) as small:
            log = small.path / "log"
            options = (*small_run(data, log), "--executor", "processes", "--workers", "2")
            self.stops(words, log, *options)
            small.again("size=64m")
            assert words(*options)[0] == 0
            assert results(log) == results(whole)

    def test_so_does_a_report(self, words: Words, tmp_path: Path, data: Path, whole: Path, long: bool) -> None:
        with disk(tmp_path / "disk", 65536) as small:
            log = small.path / "log"
            shutil.copytree(whole, log)
            used = small.used // 1024
            for more in (4, 40, 100, 160, 300) if long else (100,):
                small.again(f"size={used + more}k")
                self.stops(words, log, "report", str(log), page=True)
                small.again("size=64m")
                for name in ("figures", "report.html"):  # as much space as before
                    self.remove(log / "studies/made.npz-mlp" / name)
            assert words("report", str(log), page=True)[0] == 0
            assert (log / "studies/made.npz-mlp/report.html").stat().st_size > 100_000

    def stops(self, words: Words, log: Path, *arguments: str, page: bool = False, prelude: str = "") -> str:
        """Runs a command that meets the end of the space: one sentence, and all files are whole; the sentence."""
        sentence = words.refused(*arguments, page=page, prelude=prelude)
        assert f"got {log}/" in sentence
        assert FULL in sentence
        no_half_file(log)
        if (log / "studies/made.npz-mlp/study.json").exists():
            store, place = locate_study(log)
            study = StudyFolder.read(store, place)
            ended = [status for _, _, status, _ in next(iter(states(store, study).values())).values()]
            assert ended.count("finished") == finished(log)
            assert set(ended) <= {"finished", "missing"}, "the disk is no trial's fault"
            damaged = [where for where, _ in verified(store, study).damaged]
            assert set(damaged) <= {"studies/made.npz-mlp/study.yaml"}, "it comes after what it is a copy of"
        return sentence

    def remove(self, path: Path) -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


class TestAFolderThatCannotBeWritten:
    def test_a_read_only_disk_refuses_a_run_and_is_read(
        self, lossbench: Runner, tmp_path: Path, data: Path, whole: Path
    ) -> None:
        with disk(tmp_path / "disk", 65536) as small:
            log = small.path / "log"
            shutil.copytree(whole, log)
            small.again("ro")
            assert "Read-only file system" in refused(lossbench, *small_run(data, log))
            assert "Read-only file system" in refused(lossbench, "report", str(log))
            for command in (("status", "--verify"), ("watch",)):
                done = lossbench(*command, str(log))
                assert done.code == 0, done.err

    def test_a_disk_that_becomes_read_only_ends_the_run_and_nothing_is_lost(
        self, words: Words, tmp_path: Path, data: Path, whole: Path
    ) -> None:
        with disk(tmp_path / "disk", 65536) as small:
            log = small.path / "log"
            action = (
                f"import subprocess; subprocess.run(['mount', '-o', 'remount,ro', {str(small.path)!r}], check=True)"
            )
            sentence = words.refused(*small_run(data, log), prelude=AT_CLAIM.format(number=3, action=action))
            assert "Read-only file system" in sentence
            small.again("rw")
            assert finished(log) == 2
            no_half_file(log)
            assert words(*small_run(data, log))[0] == 0
            assert results(log) == results(whole)

    def test_without_permission_a_run_is_refused(self, words: Words, tmp_path: Path, data: Path, whole: Path) -> None:
        log = tmp_path / "log"
        shutil.copytree(whole, log)
        for folder in (log, log / "trials"):
            folder.chmod(0o500)
            assert "Permission denied" in words.refused(*small_run(data, log), prelude=MORTAL)
            folder.chmod(0o700)

    def test_permission_that_is_taken_away_ends_the_run_and_nothing_is_lost(
        self, words: Words, tmp_path: Path, data: Path, whole: Path
    ) -> None:
        log = tmp_path / "log"
        action = f"[os.chmod(folder, 0o500) for folder, _, _ in list(os.walk({str(log / 'trials')!r}))]"
        prelude = MORTAL + AT_CLAIM.format(number=3, action=action)
        assert "Permission denied" in words.refused(*small_run(data, log), prelude=prelude)
        for folder, _, _ in list(os.walk(log)):
            Path(folder).chmod(0o700)
        assert finished(log) == 2
        no_half_file(log)
        assert words(*small_run(data, log))[0] == 0
        assert results(log) == results(whole)

    def test_a_save_dir_that_vanishes_ends_the_run(self, words: Words, tmp_path: Path, data: Path, whole: Path) -> None:
        log = tmp_path / "log"
        action = f"import shutil; shutil.rmtree({str(log)!r})"
        sentence = words.refused(*small_run(data, log), prelude=AT_CLAIM.format(number=3, action=action))
        assert "--save-dir: expected the folder that the run was begun in, got " in sentence
        assert not list(log.glob("trials/*/provenance.json")), "the fourth trial was trained into another folder"
        assert words(*small_run(data, log))[0] == 0
        assert results(log) == results(whole)

    def test_a_study_that_is_a_file_is_named(self, lossbench: Runner, tmp_path: Path, data: Path) -> None:
        log = tmp_path / "log"
        (log / "studies").mkdir(parents=True)
        (log / "studies/made.npz-mlp").write_text("in the way")
        assert f"{log}/studies/made.npz-mlp" in refused(lossbench, *small_run(data, log))

    def test_a_trial_whose_folder_is_a_file_fails_alone(
        self, words: Words, tmp_path: Path, data: Path, whole: Path
    ) -> None:
        log = tmp_path / "log"
        key = sorted(path.name for path in (whole / "trials").iterdir())[0]
        (log / "trials").mkdir(parents=True)
        (log / "trials" / key).write_text("in the way")
        code, told = words(*small_run(data, log))
        assert code == 1, told
        assert f"{log}/trials/{key}" in told
        assert finished(log) == 3
        (log / "trials" / key).unlink()
        assert words(*small_run(data, log))[0] == 0
        assert results(log) == results(whole)


class TestNames:
    @pytest.mark.parametrize("name", ["-a  b\n\tGröße, 大小, 🧪 $(x) 'q' \"q\" \\ ", "n" * 255, "a link"])
    def test_any_name_that_the_system_takes_is_a_save_dir(
        self, lossbench: Runner, tmp_path: Path, data: Path, name: str
    ) -> None:
        study, log = small_study(data, "clean"), tmp_path / name
        if "link" in name:
            (tmp_path / "real").mkdir()
            log.symlink_to("real")
        finish(study, log)
        finish(study, tmp_path / "plain")
        assert results(log) == results(tmp_path / "plain")
        assert prepare(study, log.resolve()).missing == {}
        done = lossbench("status", "--verify", str(log))
        assert done.code == 0, done.out

    def test_a_name_that_the_system_does_not_take_is_refused(
        self, lossbench: Runner, tmp_path: Path, data: Path
    ) -> None:
        for name in ("n" * 256, "ü" * 128, "/".join(["deep"] * 1000)):
            assert "File name too long" in refused(lossbench, *small_run(data, tmp_path / name))
            assert "File name too long" in refused(lossbench, "status", str(tmp_path / name))

    def test_a_link_to_nowhere_is_named(self, lossbench: Runner, tmp_path: Path, data: Path) -> None:
        (tmp_path / "link").symlink_to("nowhere")
        assert str(tmp_path / "link") in refused(lossbench, *small_run(data, tmp_path / "link"))


class TestAClockThatJumpsBack:
    BACK = """
import datetime, time
import lossbench.run.course, lossbench.run.provenance
class Backwards(datetime.datetime):
    count = 0
    @classmethod
    def now(cls, zone=None):
        cls.count += 1
        return super().now(zone) - datetime.timedelta(days=cls.count)
lossbench.run.course.datetime = lossbench.run.provenance.datetime = Backwards
real = time.time
time.time = lambda: real() - 86400 * Backwards.count
"""

    def test_a_run_over_which_it_goes_back_gives_the_same(
        self, words: Words, tmp_path: Path, data: Path, whole: Path
    ) -> None:
        log = tmp_path / "log"
        assert words(*small_run(data, log), prelude=self.BACK)[0] == 0
        assert results(log) == results(whole)

    def test_trials_from_the_future_are_read_watched_and_not_trained_again(
        self, lossbench: Runner, words: Words, tmp_path: Path, data: Path, whole: Path
    ) -> None:
        log = tmp_path / "log"
        shutil.copytree(whole, log)
        for path in log.rglob("*"):
            future = path.stat().st_mtime + 10 * 365 * 86400
            os.utime(path, (future, future))
        assert "nothing to train" in words(*small_run(data, log), page=True)[1]
        assert lossbench("status", "--verify", str(log)).code == 0
        assert "report: " in lossbench("watch", str(log)).out
        assert Watch(log).look().reported, "a run that is followed would be waited for"
