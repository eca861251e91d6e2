"""Made stores are what a run would have left, and nothing that reads them does more per trial when there are more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vl_convert

from benchmarks.scaling.made_store import made_data, made_store, made_study
from benchmarks.scaling.shapes import SHAPES, study_of
from lossbench import files
from lossbench.api import running
from lossbench.api.reading import load, report
from lossbench.api.running import Prepared
from lossbench.api.study_results import Results
from lossbench.api.verifying import states, verified
from lossbench.run import Inline
from lossbench.store import Store, StudyFolder, store

FILES = ("provenance.json", "outcome.json", "history.csv", "counts.npz", "logits.safetensors")
"""Of a trial, as they are read for its status and for a report."""

NOISY = ["clean", "noise(symmetric, 0.2)"]


def made(folder: Path, seeds: int = 3, scenarios: list[str] | None = None, most: int | None = None) -> Prepared:
    study = made_study(made_data(folder), ["cross_entropy", "l1"], seeds, scenarios=scenarios or ["clean"])
    return made_store(study, folder / "log", most)


def test_a_made_store_is_whole(tmp_path: Path) -> None:
    prepared = made(tmp_path, scenarios=NOISY)
    found = verified(prepared.store, StudyFolder.read(prepared.store, "made"))
    assert (found.trials, found.files, found.damaged) == (12, 72, ())


def test_nothing_of_a_made_store_is_left_to_train(tmp_path: Path) -> None:
    made(tmp_path, scenarios=NOISY)
    prepared = running.prepare(
        made_study(tmp_path / "made.npz", ["cross_entropy", "l1"], 3, scenarios=NOISY), tmp_path / "log"
    )
    assert (prepared.missing, prepared.ended) == ({}, 12)


def test_a_part_of_the_trials_is_made_seed_by_seed(tmp_path: Path) -> None:
    prepared = made(tmp_path, most=4)
    found = states(prepared.store, StudyFolder.read(prepared.store, "made"))
    told = [(seed, status) for trials in found.values() for _, seed, status, _ in trials.values()]
    assert sorted(told) == [(1, "finished")] * 2 + [(2, "finished")] * 2 + [(3, "missing")] * 2


def test_made_trials_have_what_trained_ones_have(tmp_path: Path) -> None:
    """A trial of the same study, trained, has the same files, rows, arrays and shapes; its numbers differ."""
    study = made_study(made_data(tmp_path), ["cross_entropy"], 1, scenarios=NOISY[1:])
    one = made_store(study, tmp_path / "log")
    other = running.prepare(study, tmp_path / "trained")
    running.train_missing(other, Inline(), lambda event: None)
    for key in one.trials:
        mine, theirs = one.store.kept(key), other.store.kept(key)
        assert set(mine.provenance) == set(theirs.provenance)
        assert [(row.epoch, row.split) for row in mine.history()] == [
            (row.epoch, row.split) for row in theirs.history()
        ]
        for one_of, other_of in ((mine.counts(), theirs.counts()), (mine.logits(), theirs.logits())):
            assert shapes(one_of) == shapes(other_of)


def shapes(arrays: Mapping[Any, np.ndarray]) -> dict[Any, Any]:
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


def test_results_of_a_made_store_say_which_loss_is_better(tmp_path: Path) -> None:
    made(tmp_path, seeds=6)
    found = load(tmp_path / "log")
    assert isinstance(found, Results)
    assert set(found.comparisons["verdict"]) <= {"better", "worse", "equivalent", "undecided"}
    assert found.history["ece"].is_between(0, 1).all()


def test_shapes_have_as_many_trials_as_their_names_say(tmp_path: Path) -> None:
    assert all(shape.trials == int(name.partition("-")[0]) for name, shape in SHAPES.items())
    study = study_of(SHAPES["10000"], made_data(tmp_path))
    assert len(study.conditions) * len(study.losses) * len(study.seeds) == 10_000


def counted(monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> Counter[str]:
    """Counts calls of a function, all of them and by the name of the file where that is the first argument."""
    whole: Callable[..., Any] = getattr(place, name)
    calls: Counter[str] = Counter()

    def counting(*arguments: Any, **options: Any) -> Any:
        calls["all"] += 1
        if isinstance(arguments[0], Path):
            calls[arguments[0].name] += 1
        return whole(*arguments, **options)

    monkeypatch.setattr(place, name, counting)
    return calls


def test_a_trial_is_read_file_by_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    calls = counted(monkeypatch, files, "check_regular")
    load(tmp_path / "log")
    assert [calls[name] for name in FILES] == [6] * 5


def test_the_status_of_a_trial_reads_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = made(tmp_path)
    calls = counted(monkeypatch, files, "check_regular")
    states(prepared.store, StudyFolder.read(prepared.store, "made"))
    assert [calls[name] for name in FILES] == [6, 6, 0, 0, 0]


@pytest.mark.parametrize("seeds", [2, 8])
def test_a_run_with_nothing_to_train_asks_for_each_trial_as_often_whatever_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: int
) -> None:
    prepared = made(tmp_path, seeds)
    calls = counted(monkeypatch, Store, "finished")
    running.train_missing(running.prepare(prepared.study, tmp_path / "log"), Inline(), lambda event: None)
    assert calls["all"] <= 10 * 2 * seeds


def test_what_a_scenario_drew_is_read_once_for_all_losses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = made(tmp_path, seeds=3, scenarios=NOISY[1:])
    calls = counted(monkeypatch, store, "read_regular")
    found = [prepared.store.prepared_faults(key) for key in prepared.trials]
    assert (found, calls["all"]) == ([{}] * 6, 3)


def test_what_a_scenario_drew_is_found_damaged_for_every_trial(tmp_path: Path) -> None:
    prepared = made(tmp_path, seeds=1, scenarios=NOISY[1:])
    (file,) = (tmp_path / "log" / "data").glob("*/prepared/*.npz")
    file.write_bytes(b"")
    assert all(prepared.store.prepared_faults(key) for key in prepared.trials)


def test_a_page_of_many_seeds_is_hardly_larger_than_one_of_some(tmp_path: Path) -> None:
    sizes = []
    for seeds in (31, 310):
        made(tmp_path / str(seeds), seeds)
        sizes.append(report(tmp_path / str(seeds) / "log")[1].stat().st_size)
    assert sizes[1] < 1.02 * sizes[0]


def test_what_two_conditions_draw_alike_is_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, scenarios=NOISY)
    calls = counted(monkeypatch, vl_convert, "svg_to_png")
    report(tmp_path / "log")
    folders = (tmp_path / "log" / "studies").rglob("figures/*.png")
    assert calls["all"] <= len({file.read_bytes() for file in folders})


def test_a_report_does_not_hold_on_to_what_every_picture_gave(tmp_path: Path) -> None:
    made(tmp_path, scenarios=NOISY)
    within, _ = report(tmp_path / "log")
    assert [(item.results.correct, item.results.per_picture) for item in within] == [({}, {})] * 2
    assert all(item.analysis.comparisons[0].low_new is not None for item in within)
