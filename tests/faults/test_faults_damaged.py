"""Damaged stores: nothing wrong is ever told of them, what is damaged is named, and the next run mends exactly that."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from damage_makers import KINDS, copied, damaged_by, finish, interrupt, small_study
from fault_makers import results

import lossbench as lb
from cli_runner import Runner
from lossbench.api.running import prepare
from lossbench.api.verifying import Verified, states, verified
from lossbench.errors import LossbenchError
from lossbench.results import Results
from lossbench.spec import Study
from lossbench.store import StudyFolder, locate_study
from tuning_makers import written

TRIAL = ("trial.json", "history.csv", "counts.npz", "logits.safetensors", "outcome.json", "provenance.json")
HOW = ("flipped", "truncated", "emptied", "deleted", "a directory", "garbage")
NOISY = "noise(symmetric, 0.3)"


@dataclass(frozen=True)
class Made:
    """A study that was run.

    Args:
        study: what was run.
        whole: its finished store.
        part: the same store in the middle of the second trial, which has a checkpoint.
        results: what the finished store holds.
        told: what is read from it, condition by condition.
    """

    study: Study
    whole: Path
    part: Path
    results: dict[str, object] = field(init=False)
    told: tuple[Results, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "results", results(self.whole))
        object.__setattr__(self, "told", read(self.whole))

    def copy(self, folder: Path) -> Path:
        """A copy of the finished store, to be damaged."""
        return copied(self.whole, folder / "log")

    def mended(self, log: Path) -> bool:
        """Whether the next run makes of a store what it was."""
        finish(self.study, log)
        return results(log) == self.results


def made(folder: Path, *scenarios: str) -> Made:
    study = small_study(written(folder), *scenarios)
    finish(study, folder / "whole")
    interrupt(study, folder / "part", 1)
    return Made(study, folder / "whole", folder / "part")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A study of one condition, whose labels are drawn."""
    return made(tmp_path_factory.mktemp("one"), NOISY)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A study of two conditions."""
    return made(tmp_path_factory.mktemp("two"), "clean", f"{NOISY} + validation(0.2)")


def read(log: Path) -> tuple[Results, ...]:
    """What is told of a study, condition by condition."""
    loaded = lb.load(log)
    return (loaded,) if isinstance(loaded, Results) else tuple(item.results for item in loaded.within)


def found(log: Path) -> Verified:
    store, place = locate_study(log)
    return verified(store, StudyFolder.read(store, place))


def damage(path: Path, kind: str) -> None:
    KINDS[kind](path, np.random.default_rng(0))


def failed(log: Path, made: Made) -> dict[str, str]:
    """The trials that are shown as failed or missing, each with its reason; all others are as they were."""
    lost: dict[str, str] = {}
    for table, before in zip(read(log), made.told, strict=True):
        rows = {row["key"]: row for row in before.trials.iter_rows(named=True)}
        for row in table.trials.iter_rows(named=True):
            if row["status"] in ("failed", "missing"):
                lost[row["key"]] = row["reason"]
            else:
                assert {**row, "seconds": 0} == {**rows[row["key"]], "seconds": 0}  # of a store half of that one
        pairs = table.trials.filter(~table.trials["key"].is_in(list(lost))).select("loss_function", "seed")
        assert table.history.equals(before.history.join(pairs, on=["loss_function", "seed"], how="semi"))
        for loss, seed in pairs.iter_rows():
            for name in ("correct", "confusion"):
                now, then = getattr(table, name)[loss][seed], getattr(before, name)[loss][seed]
                np.testing.assert_array_equal(now, then)
    return lost


@pytest.mark.parametrize("name", TRIAL)
def test_a_damaged_file_of_a_trial_is_named_and_that_trial_alone_trained_anew(
    one: Made, tmp_path: Path, name: str, long: bool
) -> None:
    for kind in HOW if long else ("flipped", "deleted", "a directory"):
        log = one.copy(tmp_path)
        path = sorted((log / "trials").iterdir())[1] / name
        key = path.parent.name
        damage(path, kind)
        lost = failed(log, one)
        if (name, kind) == ("provenance.json", "deleted"):
            assert lost == {key: ""}, "a trial without it has not ended"
        else:
            assert name == "trial.json" or (set(lost) == {key} and str(path) in lost[key]), kind
            (where,) = (where for where, _ in found(log).damaged)
            assert where.endswith(f", trials/{key}/{name}")
            assert set(prepare(one.study, log).damaged) == {key}
        assert set(prepare(one.study, log).missing) == {key}
        assert one.mended(log), kind
        assert found(log).damaged == ()
        aside = log / "damaged" / "trials" / key / "1"
        assert (aside / name).exists() is (kind != "deleted")
        assert aside.exists() is ((name, kind) != ("provenance.json", "deleted"))


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("store.json", "store.json"),
        ("studies/small/study.json", ""),
        ("studies/small/study.yaml", "studies/small/study.yaml"),
        ("data/*/train_pictures.npy", "data/"),
        ("data/*/test_labels.npy", "data/"),
        ("data/*/classes.json", "data/"),
        ("data/*/samples.npz", "data/"),
        ("data/*/prepared/*.npz", "data/"),
    ],
)
def test_any_other_damaged_file_is_named_and_written_anew(
    one: Made, tmp_path: Path, pattern: str, told: str, long: bool
) -> None:
    for kind in ("flipped", "truncated", "emptied", "deleted", "garbage") if long else ("flipped", "deleted"):
        log = one.copy(tmp_path)
        path = sorted(log.glob(pattern))[0]
        damage(path, kind)
        if told:
            assert failed(log, one) == {}
            assert (pattern, kind) == ("store.json", "deleted") or found(log).damaged[0][0].startswith(told), kind
        else:
            with pytest.raises(LossbenchError, match=r"study\.json is missing or damaged .*; run the study again"):
                found(log)
        assert prepare(one.study, log).missing == {}
        assert one.mended(log), kind
        assert found(log).damaged == ()


@pytest.mark.parametrize("kind", HOW)
def test_a_trial_starts_over_from_a_damaged_checkpoint(one: Made, tmp_path: Path, kind: str) -> None:
    log = copied(one.part, tmp_path / "log")
    damage(next(log.glob("trials/*/checkpoint/state.safetensors")), kind)
    assert len(failed(log, one)) == 3
    assert one.mended(log)


def test_the_command_line_says_what_is_damaged_and_what_is_done_about_it(
    lossbench: Runner, here: Path, one: Made, blank_figures: None
) -> None:
    one.copy(here)
    path = sorted(here.glob("log/trials/*/history.csv"))[0]
    key = path.parent.name
    damage(path, "flipped")
    done = lossbench("status", "log", "--verify")
    assert done.code == 1
    assert f"trials/{key}/history.csv" in done.out
    assert "1 damaged; running the study again sets it aside and makes it anew" in done.out
    done = lossbench("report", "log")
    assert done.code == 0, done.err
    page = (here / "log/studies/small/report.html").read_text(encoding="utf-8")
    assert "history.csv is missing or damaged" in page
    done = lossbench("run", "log/studies/small/study.yaml", "--executor", "inline")
    assert done.code == 0, done.err
    assert "1 trial is damaged, set aside in log/damaged and trained anew" in done.out
    assert "(history.csv)" in done.out
    assert "1 of 4 trials to train" in done.out
    assert lossbench("status", "log", "--verify").code == 0
    assert (here / f"log/damaged/trials/{key}/1/history.csv").exists()


def test_of_a_store_that_is_damaged_at_random_nothing_wrong_is_told_and_the_next_run_mends_it(
    one: Made, two: Made, tmp_path: Path, long: bool
) -> None:
    outcomes: Counter[str] = Counter()
    for number in range(1000 if long else 40):
        draw = np.random.default_rng(number)
        chosen = (one, two)[number % 2]
        log = copied((chosen.whole, chosen.part)[number // 2 % 2], tmp_path / "log")
        done = damaged_by(log, draw, int(draw.integers(1, 4)))
        named = [f"{path.relative_to(log)} {kind}" for path, kind in done]
        outcomes[_told(log, chosen)] += 1
        outcomes[_mended(log, chosen, [path for path, _ in done], f"{number}: {named}")] += 1
    print(dict(outcomes))  # noqa: T201 - how many of each
    assert outcomes["some trials lost"] > 0 < outcomes["all as it was"]
    assert outcomes["mended"] > 0.8 * sum(outcomes[how] for how in ("mended", "mended when the way was free"))


def _told(log: Path, made: Made) -> str:
    """Reads a damaged store; how that ended."""
    try:
        lost = failed(log, made)
        store, place = locate_study(log)
        whole = StudyFolder.read(store, place)
        states(store, whole)
        verified(store, whole)
    except LossbenchError as error:
        return _one_line(error) and "one sentence"
    return "some trials lost" if lost else "all as it was"


def _one_line(error: LossbenchError) -> str:
    assert len(str(error).splitlines()) == 1
    return str(error)


def _mended(log: Path, made: Made, paths: list[Path], name: str) -> str:
    """Runs the study on a damaged store; a folder in the place of a file is named, and for the user to remove."""
    blocked = [path for path in paths if path.is_dir()]
    try:
        if made.mended(log):
            return "mended"
    except LossbenchError as error:
        blocked = [path for path in blocked if str(path) in _one_line(error)]
    assert blocked, name
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
    assert made.mended(log), name
    return "mended when the way was free"
