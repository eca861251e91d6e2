"""Whole studies in scenarios: from the request to the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import lossbench
from lossbench import Study
from lossbench.api.running import prepare
from lossbench.data import find, with_labels
from lossbench.errors import RequestError
from lossbench.resolve import resolve
from lossbench.results import HISTORY_COLUMNS, SCENARIO_COLUMNS
from lossbench.run.estimate import estimate
from lossbench.spec import Noise
from lossbench.store import Store

pytestmark = pytest.mark.usefixtures("blank_figures")

RECIPE = {"epochs": 2, "precision": "fp32"}


def asked(scenario: str, **changes: Any) -> Study:
    values: dict[str, Any] = {"losses": "cross_entropy, mae", "seeds": [1, 2], "recipe": RECIPE, "models": "mlp"}
    values["name"] = "made"
    return Study(**{**values, "scenarios": [scenario], **changes})


def ran(study: Study, folder: Path, **options: Any) -> lossbench.Results:
    """The results of a study with one condition."""
    results = lossbench.run(study, folder, **options)
    assert isinstance(results, lossbench.Results)
    return results


def write_labels_file(path: Path, every: int = 10) -> np.ndarray:
    """Digits with every tenth label moved on by one."""
    labels = find("digits").decode().train.labels
    worse = np.asarray((labels + (np.arange(len(labels)) % every == 0)) % 10)
    path.write_text("id,label\n" + "\n".join(f"{i},{label}" for i, label in enumerate(worse)))
    return worse


def test_a_study_with_noise_and_imbalance(tmp_path: Path) -> None:
    hypotheses = ["train.memorised: mae within 1 of 0", "test.few: cross_entropy ~ mae within 1"]
    study = asked("noise(symmetric, 0.4) + imbalance(exponential, 10)", plan={"hypotheses": hypotheses})
    results = ran(study, tmp_path, executor="inline")
    assert set(results.trials["status"]) == {"finished"}
    folder = tmp_path / "studies" / "made"
    history = pl.read_csv(folder / "history.csv")
    assert history.columns == [*HISTORY_COLUMNS, *SCENARIO_COLUMNS]
    last = history.filter(epoch=2, split="train")
    np.testing.assert_allclose(
        last["accuracy"], 0.6 * _of_right_labels(last) + 0.4 * last["memorised"], atol=2e-3
    )  # 0.4 but for rounding in each class
    data = json.loads((folder / "study.json").read_text())["data"]
    sizes = [146 * 10 ** (-k / 9) for k in range(10)]
    counts = np.bincount(find("digits").decode().train.labels)
    assert data["class_counts"] == [min(int(size), int(count)) for size, count in zip(sizes, counts, strict=True)]
    assert data["mislabelled"] == sum((count * 4 + 5) // 10 for count in data["class_counts"])
    summary = pl.read_csv(folder / "summary.csv").filter(pl.col("loss_function") == "mae")
    assert set(SCENARIO_COLUMNS) <= set(summary["metric"])
    outcomes = [finding["outcome"] for finding in json.loads((folder / "verdicts.json").read_text())]
    assert len(outcomes) == 2
    assert "not tested" not in outcomes
    assert "noise(symmetric, 0.4)" in (folder / "report.html").read_text(encoding="utf-8")


def _of_right_labels(last: pl.DataFrame) -> np.ndarray:
    """Accuracy on the rightly labelled pictures, from accuracy against what all of them show."""
    return np.asarray((last["accuracy_clean"] - 0.4 * last["corrected"]) / 0.6)


def test_labels_from_a_file_reach_the_workers(tmp_path: Path) -> None:
    labels = write_labels_file(tmp_path / "worse.csv")
    scenario = f"noise(file, '{tmp_path / 'worse.csv'}', column=label)"
    results = ran(asked(scenario, losses="cross_entropy", seeds=[1]), tmp_path / "log", workers=1)
    assert results.trials["status"].to_list() == ["finished"]
    assert results.data.mislabelled == 144
    store = Store(tmp_path / "log")
    (key,) = results.trials["key"]
    trial = json.loads((store.trial_folder(key) / "trial.json").read_text())
    (digest,) = store.pictures(trial["digests"]["data"]).other_labels
    assert trial["digests"]["label_noise"] == digest
    assert trial["scenario"]["label_noise"] == {"kind": "file", "column": "label"}
    with np.load(store.root / store.provenance(key)["prepared"]["file"]) as file:
        assert file["train_labels"].tolist() == labels.tolist()
        assert (file["train_labels"] != file["train_clean"]).sum() == 144
    wrong = store.counts(key)[2, "train_wrong"]
    assert wrong.sum() == 144


def test_where_the_labels_lay_is_no_part_of_a_key_and_what_they_say_is(tmp_path: Path) -> None:
    pictures = find("digits").decode()
    keys = []
    for name, every in (("a.csv", 10), ("b.csv", 10), ("c.csv", 9)):
        write_labels_file(tmp_path / name, every)
        scenario = f"noise(file, '{tmp_path / name}', column=label)"
        keys.append({trial.key for trial in resolve(asked(scenario), pictures).trials.values()})
    assert keys[0] == keys[1]
    assert not keys[0] & keys[2]


def test_a_study_whose_labels_were_changed_is_another(tmp_path: Path) -> None:
    write_labels_file(tmp_path / "worse.csv")
    study = asked(f"noise(file, '{tmp_path / 'worse.csv'}', column=label)", losses="mae", seeds=[1])
    lossbench.run(study, tmp_path / "log", executor="inline")
    write_labels_file(tmp_path / "worse.csv", 9)
    with pytest.raises(RequestError, match=r"differs in scenarios \(the labels of noise\(file, .*\) are not the"):
        prepare(study, tmp_path / "log")


def test_trials_are_the_same_by_every_executor(tmp_path: Path) -> None:
    study = asked("noise(instance, 0.3) + imbalance(step, 3) + validation(0.2, clean)", losses="mae")
    seen: list[dict[str, bytes]] = []
    for executor in ("inline", "processes"):
        results = ran(study, tmp_path / executor, executor=executor, workers=2)
        folders = [Store(tmp_path / executor).trial_folder(key) for key in results.trials["key"]]
        names = ("history.csv", "counts.npz", "logits.safetensors")
        seen.append({f"{folder.name}/{name}": (folder / name).read_bytes() for folder in folders for name in names})
    assert len(seen[0]) == 6
    assert seen[0] == seen[1]


def test_an_estimate_needs_nothing_of_the_scenario(tmp_path: Path) -> None:
    """The cut-down data set has too few pictures for the map, the imbalance and the size."""
    scenario = "noise(asymmetric, 0.9) + imbalance(exponential, 100) + train_size(1000) + validation(0.1, clean)"
    resolved = resolve(asked(scenario, recipe={**RECIPE, "batch_size": 2}), find("digits").decode())
    trial = next(iter(resolved.trials.values()))
    found = estimate(trial, resolved.pictures)
    assert found.seconds > 0
    write_labels_file(tmp_path / "worse.csv")
    noise = Noise(kind="file", path=str(tmp_path / "worse.csv"), column="label")
    pictures, digest = with_labels(resolved.pictures, noise)
    assert digest in pictures.other_labels
    resolved = resolve(asked(f"noise(file, '{tmp_path / 'worse.csv'}', column=label)"), pictures)
    assert estimate(next(iter(resolved.trials.values())), resolved.pictures).disk_bytes > 0


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        ("noise(asymmetric, 0.4, map='1>1')", "scenarios.noise.map: expected two different classes in each pair"),
        ("imbalance(step, 10, minority=eleven)", "scenarios.imbalance.minority: expected one of 0, 1, 2"),
        ("train_size(5)", "scenarios.train_size: expected a size that leaves every class at least one training"),
        ("noise(file, 'nowhere.npy')", "scenarios.noise nowhere.npy: expected a readable file, got No such file"),
    ],
)
def test_what_the_data_do_not_allow_is_said_before_anything_is_written(
    here: Path, scenario: str, sentence: str
) -> None:
    with pytest.raises(RequestError) as error:
        lossbench.run(asked(scenario), here / "log")
    assert str(error.value).startswith(sentence)
    assert not (here / "log").exists()
