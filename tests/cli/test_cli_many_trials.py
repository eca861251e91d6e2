"""What commands print of very many trials: counts, so that it can be read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.scaling.made_store import made_data, made_store, made_study
from cli_runner import Runner
from lossbench.cli.progress import Lines
from lossbench.cli.show import show_status
from lossbench.run import Event
from lossbench.store import Store
from lossbench.text import MANY_SEEDS, MOST_ROWS


def printed(states: list[tuple[str, int, str, str]]) -> list[str]:
    console = Console(file=io.StringIO(), width=400)
    show_status(console, "made", states)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_of_many_seeds_the_status_has_a_column_per_status() -> None:
    states = [("l1", seed, "missing" if seed % 4 else "finished", "") for seed in range(MANY_SEEDS + 10)]
    said = printed(states)
    assert said[0] == "made: 40 trials, 10 finished, 30 missing"
    assert said[1].split() == ["loss", "finished", "missing"]
    assert said[2].split() == ["l1", "10", "30"]


def test_of_few_it_has_one_per_seed() -> None:
    said = printed([("l1", seed, "finished", "") for seed in range(1, MANY_SEEDS + 1)])
    assert said[1].split() == ["loss", *map(str, range(1, MANY_SEEDS + 1))]


def test_so_many_reasons_are_told_and_the_others_counted() -> None:
    said = printed([("l1", seed, "failed", "it raised") for seed in range(MOST_ROWS + 5)])
    assert sum("it raised" in line for line in said) == MOST_ROWS
    assert said[-1] == "and 5 more; `lossbench report` lists them all in unfinished.csv"


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """A study of 220 trials, ten of which are in the save dir."""
    study = made_study(made_data(tmp_path), ["cross_entropy", "l1"], 55, scenarios=["clean", "noise(symmetric, 0.2)"])
    prepared = made_store(study, tmp_path / "log", most=10)
    (tmp_path / "study.yaml").write_text(prepared.study.to_yaml(), encoding="utf-8")
    return tmp_path


def test_the_plan_of_many_trials_has_a_row_per_loss_and_condition(
    planned: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    whole = Store.finished

    def finished(store: Store, key: str) -> bool:
        asked.append(key)
        return whole(store, key)

    monkeypatch.setattr(Store, "finished", finished)
    done = Runner(capsys)("run", str(planned / "study.yaml"), "--save-dir", str(planned / "log"), "--dry-run")
    assert done.code == 0
    rows = [line.split() for line in done.out.splitlines()]
    assert ["cross_entropy,", "clean", "55", "5", "50"] in rows
    assert ["l1,", "noise(symmetric,", "0.2)", "55", "0", "55"] in rows
    assert "210 trials to train" in done.out
    assert len(asked) <= 10 * 220  # and not once per trial for every trial


def test_the_plan_of_a_large_part_counts_its_own_trials_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = made_study(made_data(tmp_path), ["cross_entropy", "l1"], 220)
    (tmp_path / "study.yaml").write_text(made_store(study, tmp_path / "log", most=0).study.to_yaml(), encoding="utf-8")
    empty = ("--save-dir", str(tmp_path / "empty"), "--dry-run")
    done = Runner(capsys)("run", str(tmp_path / "study.yaml"), "--shard", "1/2", *empty)
    assert done.code == 0, done.err
    head, *rows = [line.split() for line in done.out.splitlines()[:3]]
    assert head == ["loss", "trials", "in", "the", "store:", "no"]
    assert rows == [["cross_entropy", "110", "110"], ["l1", "110", "110"]]


def test_the_driver_knows_how_much_is_done_without_adding_it_up() -> None:
    trials = {str(number): f"l1 seed {number}" for number in range(5)}
    lines = Lines(Console(file=io.StringIO()), trials, epochs=4)
    for event in (
        Event("started", "0"),
        Event("epoch", "0", 3, 0.5),
        Event("epoch", "1", 1, 0.5),
        Event("finished", "0", 4),
    ):
        lines(event)
    lines(Event("failed", "2", reason="it raised"))
    tally = lines.tally
    assert (tally.all_done, tally.all_first) == (sum(tally.done.values()), sum(tally.first.values()))
    assert (tally.all_done, tally.all_first) == (4 + 1 + 4, 2 + 0 + 4)
