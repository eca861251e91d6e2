"""Memorised, corrected, many-, medium- and few-shot recall: read off the counts, measured like any other metric."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import recall_score

from lossbench.analysis import analyse
from lossbench.analysis.estimates import estimate_all
from lossbench.data import prepare
from lossbench.metrics import confusion
from lossbench.report.tables import history_table
from lossbench.results import HISTORY_COLUMNS, SCENARIO_COLUMNS, LossView, Results, collect
from lossbench.results.scenario_columns import scenario_columns
from lossbench.run import Job
from lossbench.run.drive import drive
from lossbench.spec import Study
from lossbench.store import Store, StudyFolder
from makers import CLASSES, made_pictures, made_trial
from synthetic import study

PICTURES = made_pictures(train=90, test=45)
SIZES = {"clean": [30, 30, 30], "imbalanced": [30, 9, 3]}


def drawn(seed: int, classes: int = 6, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True labels, given labels and predictions, right more often than not."""
    generator = np.random.default_rng(seed)
    clean = generator.integers(0, classes, n)
    given = np.where(generator.random(n) < 0.3, generator.integers(0, classes, n), clean)
    predicted = np.where(generator.random(n) < 0.4, clean, generator.integers(0, classes, n))
    return clean, given, predicted


@pytest.mark.parametrize("split", ["train", "train_running"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_memorised_and_corrected_are_shares_of_the_wrongly_labelled(split: str, seed: int) -> None:
    clean, given, predicted = drawn(seed)
    wrong = given != clean
    counts = {
        (2, split): confusion(given, predicted, 6),
        (2, f"{split}_clean"): confusion(clean, predicted, 6),
        (2, f"{split}_wrong"): confusion(given[wrong], predicted[wrong], 6),
    }
    cells = scenario_columns(counts, 2, split, [10, 1, 1, 1, 1, 1])
    assert cells["memorised"] == pytest.approx((predicted[wrong] == given[wrong]).mean(), abs=1e-15)
    assert cells["corrected"] == pytest.approx((predicted[wrong] == clean[wrong]).mean(), abs=1e-15)
    assert cells["accuracy_clean"] == pytest.approx((predicted == clean).mean(), abs=1e-15)
    assert cells["many"] is cells["medium"] is cells["few"] is None
    assert set(scenario_columns(counts, 1, split, ()).values()) == {None}


def test_noise_that_moved_no_label_has_nothing_to_memorise() -> None:
    right, none = np.eye(2, dtype=np.int64), np.zeros((2, 2), dtype=np.int64)
    cells = scenario_columns({(1, "train"): right, (1, "train_clean"): right, (1, "train_wrong"): none}, 1, "train", ())
    assert (cells["memorised"], cells["corrected"], cells["accuracy_clean"]) == (None, None, 1.0)


def test_groups_have_the_mean_recall_of_their_classes() -> None:
    clean, _, predicted = drawn(7)
    sizes = [5, 100, 20, 40, 10, 80]  # few: 0 and 4, medium: 2 and 3, many: 1 and 5
    cells = scenario_columns({(1, "test"): confusion(clean, predicted, 6)}, 1, "test", sizes)
    for name, classes in (("many", [1, 5]), ("medium", [2, 3]), ("few", [0, 4])):
        expected = recall_score(clean, predicted, labels=classes, average="macro", zero_division=0)
        assert cells[name] == pytest.approx(expected, abs=1e-15)
    assert cells["memorised"] is cells["corrected"] is cells["accuracy_clean"] is None


def test_a_class_without_test_pictures_is_in_no_mean() -> None:
    counts = {(1, "test"): np.array([[4, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]])}
    cells = scenario_columns(counts, 1, "test", [9, 8, 2, 1])
    assert (cells["many"], cells["medium"], cells["few"]) == (1.0, 0.5, None)


@pytest.mark.parametrize("sizes", [(), (30, 30, 30), (30, 29, 30)])
def test_classes_of_one_size_have_no_groups(sizes: tuple[int, ...]) -> None:
    cells = scenario_columns({(1, "test"): np.eye(3, dtype=np.int64)}, 1, "test", sizes)
    assert set(cells.values()) == {None}


def kept(folder: Path, scenario: str, class_counts: list[int] | None = None, mislabelled: int = 0) -> Store:
    """A store with a study of two losses and two seeds in a scenario, trained."""
    store, losses, seeds = Store(folder), ("cross_entropy", "mae"), (1, 2)
    trials = {(loss, seed): made_trial(loss, seed, scenario=scenario) for loss in losses for seed in seeds}
    for trial in trials.values():
        drive(Job(trial, "loss", str(store.root)), lambda: PICTURES, lambda event: None)
    data = {
        "name": "made",
        "digest": PICTURES.digest,
        "class_names": list(PICTURES.class_names),
        "train": 1,
        "test": 45,
        "validation": 0,
        "size": [8, 8, 1],
    }
    if class_counts is not None:
        data |= {"class_counts": class_counts, "mislabelled": mislabelled}
    views = [
        asdict(LossView(x, x, x, "L", "p.", {}, (), (), "r", (0.0,), (0.5,), (1.0,), (-1.0,), CLASSES)) for x in losses
    ]
    made = Study(name="made", losses=losses, seeds=list(seeds), recipe={"epochs": 3}, scenarios=[scenario])
    StudyFolder(made, views, data, {place: trial.key for place, trial in trials.items()}).write(store)
    return store


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Results]:
    scenario = "noise(symmetric, 0.4) + imbalance(exponential, 10)"
    store = kept(tmp_path_factory.mktemp("noisy"), scenario, SIZES["imbalanced"], 17)
    return store, collect(store, "made")


def test_the_history_has_them_for_the_splits_that_they_are_of(noisy: tuple[Store, Results]) -> None:
    store, results = noisy
    assert results.data.class_counts == (30, 9, 3)
    assert results.data.mislabelled == 17
    train, test = (results.history.filter(split=split) for split in ("train", "test"))
    assert train.height == test.height == 12
    assert train.select("memorised", "corrected", "accuracy_clean").null_count().row(0) == (0, 0, 0)
    assert train.select("many", "medium", "few").null_count().row(0) == (12, 12, 12)
    assert test.select("many", "medium", "few").null_count().row(0) == (0, 0, 0)
    assert test.select("memorised", "corrected", "accuracy_clean").null_count().row(0) == (12, 12, 12)
    trial = made_trial("mae", 2, scenario=str(results.study["scenarios"][0]))
    part = prepare(PICTURES, trial.scenario, 2)["train"]
    wrong = store.counts(trial.key)[3, "train_wrong"]
    row = train.filter(loss_function="mae", seed=2, epoch=3)
    assert wrong.sum() == (part.labels != part.clean).sum()
    assert row["memorised"].item() == np.trace(wrong) / wrong.sum()
    assert set(results.history["split"]) == {"train", "test"}
    assert set(results.classes["split"]) == {"test"}


def test_the_table_has_their_columns_and_others_do_not(noisy: tuple[Store, Results]) -> None:
    assert history_table(noisy[1]).columns == [*HISTORY_COLUMNS, *SCENARIO_COLUMNS]
    assert history_table(study(seeds=2, epochs=2)).columns == list(HISTORY_COLUMNS)
    unequal = replace(noisy[1], history=noisy[1].history.with_columns(pl.lit(None).alias("memorised")))
    assert "memorised" not in history_table(unequal).columns


def test_they_are_estimated_where_they_are(noisy: tuple[Store, Results]) -> None:
    found = {(e.split, e.metric): e for e in estimate_all(noisy[1]) if e.loss == "mae" and e.metric in SCENARIO_COLUMNS}
    of_train = {("train", name) for name in ("memorised", "corrected", "accuracy_clean")}
    assert set(found) == of_train | {("test", name) for name in ("many", "medium", "few")}
    rows = noisy[1].history.filter(loss_function="mae", epoch=3, split="test")
    assert found["test", "few"].values == tuple(rows.sort("seed")["few"])
    assert found["test", "few"].epoch == 3


def test_hypotheses_are_about_them(noisy: tuple[Store, Results]) -> None:
    texts = ["train.memorised: mae within 1 of 0.5", "test.few: mae within 1 of 0.5", "train.corrected: highest mae"]
    plan = {**noisy[1].study["plan"], "hypotheses": texts}
    findings = analyse(replace(noisy[1], study={**noisy[1].study, "plan": plan})).findings
    assert [finding.hypothesis for finding in findings] == texts
    assert [finding.outcome for finding in findings][:2] == ["supported", "supported"]
    assert findings[2].outcome != "not tested"
    assert findings[0].evidence.startswith("The mean train.memorised of mae at epoch 3 is ")


def test_a_study_without_them_has_no_estimates_of_them() -> None:
    estimates = estimate_all(study(seeds=2, epochs=2))
    assert not {e.metric for e in estimates} & set(SCENARIO_COLUMNS)


def test_a_folder_from_before_class_counts_were_kept_reads_as_it_did(tmp_path: Path) -> None:
    store = kept(tmp_path, "imbalance(exponential, 10)")
    assert "class_counts" not in json.loads((store.study_folder("made") / "study.json").read_text())["data"]
    results = collect(store, "made")
    assert results.data.class_counts == ()
    assert not results.measured(*SCENARIO_COLUMNS)
