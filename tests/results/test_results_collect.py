"""Store -> Results: what is read of each trial agrees with its history, and nothing is invented."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load_file, save_file
from sklearn import metrics as sklearn
from torchmetrics.functional.classification import multiclass_calibration_error

from lossbench.losses import bind, complete
from lossbench.results import LossView, Results, collect
from lossbench.results.temperature import TEMPERATURES
from lossbench.results.types import CLASS_COLUMNS
from lossbench.run import Job
from lossbench.run.drive import drive
from lossbench.spec import LossSpec, Study, Trial
from lossbench.store import Store, StudyFolder
from lossbench.store.kept import provenance_text
from makers import CLASSES, made_pictures, made_trial

PICTURES = made_pictures(train=90, test=45)
LINKED = ("bce", "evidential", "bi_tempered", "ldam(scale=3)")
LOSSES = ("cross_entropy", "l1", *LINKED)
SEEDS = (1, 2)
VALIDATION = 0.3
Made = tuple[Store, dict[tuple[str, int], Trial]]  # trials by loss and seed


def view(label: str) -> LossView:
    return LossView(label, label, label, "L", "p.", {}, (), (), "r", (0.0,), (0.5,), (1.0,), (-1.0,), CLASSES)


def kept(
    folder: Path, losses: Sequence[str], seeds: Sequence[int] = SEEDS, validation: float | None = VALIDATION
) -> Made:
    """A store with a study of these losses, trained."""
    store = Store(folder)
    trials = {(loss, seed): made_trial(loss, seed, validation=validation, lr=0.02) for loss in losses for seed in seeds}
    for trial in trials.values():
        drive(Job(trial, "loss", str(store.root)), lambda: PICTURES, lambda event: None)
    held_out = 0 if validation is None else round(validation * len(PICTURES.train))
    StudyFolder(
        Study(name="made", losses=losses, seeds=list(seeds), recipe={"epochs": 3}),
        [asdict(view(loss)) for loss in losses],
        {
            "name": "made",
            "digest": PICTURES.digest,
            "class_names": list(PICTURES.class_names),
            "train": len(PICTURES.train) - held_out,
            "test": len(PICTURES.test),
            "validation": held_out,
            "size": [8, 8, 1],
        },
        {place: trial.key for place, trial in trials.items()},
    ).write(store)
    return store, trials


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return kept(tmp_path_factory.mktemp("log"), LOSSES)


@pytest.fixture(scope="module")
def results(made: Made) -> Results:
    return collect(made[0], "made")


def last(results: Results, loss: str, seed: int, split: str = "test") -> dict[str, float]:
    rows = results.history.filter(loss_function=loss, seed=seed, epoch=3, split=split)
    return dict(rows.row(0, named=True))


def row(results: Results, loss: str, seed: int) -> dict[str, float]:
    return dict(results.trials.filter(loss_function=loss, seed=seed).row(0, named=True))


def log_probabilities(loss: str, logits: np.ndarray) -> torch.Tensor:
    """By the loss's own link, (n, classes), in float64."""
    link = bind(complete(LossSpec.parse(loss)), [21] * CLASSES).link
    wide = torch.from_numpy(logits).double()
    return wide.log_softmax(1) if link is None else link(wide)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loss", LOSSES)
class TestPerPicture:
    @pytest.mark.parametrize("metric", ["nll", "brier"])
    def test_its_mean_is_the_historys(self, results: Results, metric: str, loss: str, seed: int) -> None:
        values = results.per_picture[metric][loss][seed]
        assert values.shape == (45,)
        assert values.dtype == np.float64
        assert values.mean() == pytest.approx(last(results, loss, seed)[metric], rel=1e-12)

    def test_it_is_that_of_the_losss_own_probabilities(
        self, made: Made, results: Results, loss: str, seed: int
    ) -> None:
        logits = made[0].logits(made[1][loss, seed].key)
        log_p = log_probabilities(loss, logits["test.last"]).numpy()
        target = logits["test.target"]
        np.testing.assert_allclose(results.per_picture["nll"][loss][seed], -log_p[range(45), target], atol=1e-12)
        brier = ((np.exp(log_p) - np.eye(CLASSES)[target]) ** 2).sum(axis=1)
        np.testing.assert_allclose(results.per_picture["brier"][loss][seed], brier, atol=1e-12)


class TestTemperature:
    @pytest.mark.parametrize("loss", LOSSES)
    def test_the_calibrated_ece_is_that_of_the_tempered_probabilities(
        self, made: Made, results: Results, loss: str
    ) -> None:
        logits = made[0].logits(made[1][loss, 1].key)
        temperature = row(results, loss, 1)["temperature"]
        tempered = (log_probabilities(loss, logits["test.last"]) / temperature).softmax(1)
        target = torch.from_numpy(logits["test.target"])
        expected = multiclass_calibration_error(tempered, target, CLASSES, n_bins=15, norm="l1").item()
        assert row(results, loss, 1)["ece_calibrated"] == pytest.approx(expected, abs=1e-6)

    def test_it_has_the_least_nll_of_the_validation_split(self, made: Made, results: Results) -> None:
        for (loss, seed), trial in made[1].items():
            logits = made[0].logits(trial.key)
            log_p = log_probabilities(loss, logits["validation.last"])
            target = torch.from_numpy(logits["validation.target"])
            temperature = row(results, loss, seed)["temperature"]

            def nll(t: float, log_p: torch.Tensor = log_p, target: torch.Tensor = target) -> float:
                return torch.nn.functional.cross_entropy(log_p / t, target).item()

            assert TEMPERATURES[0] < temperature < TEMPERATURES[1]
            assert nll(temperature) < nll(1.0)
            assert nll(temperature) <= min(nll(temperature * 1.01), nll(temperature * 0.99))

    def test_without_a_validation_split_there_is_none(self, tmp_path: Path) -> None:
        store, _ = kept(tmp_path, ["cross_entropy", "bce"], [1], None)
        found = collect(store, "made")
        assert found.trials["temperature"].to_list() == [None, None]
        assert found.trials["ece_calibrated"].to_list() == [None, None]
        assert found.trials["selected_epoch"].to_list() == [None, None]
        assert set(found.per_picture["nll"]) == {"cross_entropy", "bce"}


class TestMedians:
    def test_they_are_those_of_the_last_test_logits(self, made: Made, results: Results) -> None:
        for (loss, seed), trial in made[1].items():
            logits = made[0].logits(trial.key)
            true = [z[y] for z, y in zip(logits["test.last"], logits["test.target"], strict=True)]
            found = row(results, loss, seed)
            assert found["median_absolute_logit"] == pytest.approx(np.median(np.abs(logits["test.last"])), rel=1e-6)
            assert found["median_true_logit"] == pytest.approx(np.median(true), rel=1e-6)


class TestClasses:
    def test_there_is_a_row_per_loss_seed_evaluated_epoch_and_class(self, results: Results) -> None:
        places = results.classes.select("loss_function", "seed", "epoch", "split", "class_name").rows()
        names = PICTURES.class_names
        assert places == [
            (loss, s, e, "test", name) for loss in LOSSES for s in SEEDS for e in (1, 2, 3) for name in names
        ]
        assert results.classes.schema == pl.Schema(CLASS_COLUMNS)
        assert set(results.classes["status"]) == {"finished"}

    def test_they_are_scikit_learns(self, made: Made, results: Results) -> None:
        for (loss, seed), trial in made[1].items():
            logits = made[0].logits(trial.key)
            expected = sklearn.precision_recall_fscore_support(
                logits["test.target"], logits["test.last"].argmax(axis=1), labels=range(CLASSES), zero_division=0
            )
            found = results.classes.filter(loss_function=loss, seed=seed, epoch=3)
            for name, values in zip(("precision", "recall", "f1"), expected[:3], strict=True):
                np.testing.assert_allclose(found[name].to_numpy(), values, atol=1e-14)

    def test_their_means_are_the_macro_scores_of_the_history(self, results: Results) -> None:
        means = results.classes.group_by("loss_function", "seed", "epoch").agg(
            pl.col("precision", "recall", "f1").mean()
        )
        rows = results.history.filter(split="test")
        both = rows.join(means, on=["loss_function", "seed", "epoch"], suffix="_of_classes")
        assert len(both) == len(LOSSES) * len(SEEDS) * 3
        for name in ("precision", "recall", "f1"):
            np.testing.assert_allclose(both[name].to_numpy(), both[f"{name}_of_classes"].to_numpy(), atol=1e-14)


class TestWhatIsMissing:
    def test_earlier_trials_of_a_linked_loss_have_no_values_per_picture(self, tmp_path: Path) -> None:
        """They lack the logarithms of their probabilities, and those of softmax would be others."""
        store, trials = kept(tmp_path, ["cross_entropy", *LINKED], [1])
        for trial in trials.values():
            folder = store.trial_folder(trial.key)
            path = folder / "logits.safetensors"
            save_file({k: v for k, v in load_file(path).items() if not k.endswith("log_probabilities")}, path)
            provenance = store.provenance(trial.key)
            contents = {name: (folder / name).read_bytes() for name in provenance["digests"]}
            (folder / "provenance.json").write_text(provenance_text(contents, provenance), encoding="utf-8")
        found = collect(store, "made")
        assert set(found.per_picture["nll"]) == set(found.per_picture["brier"]) == {"cross_entropy"}
        known = found.trials.filter(pl.col("temperature").is_not_null())
        assert known["loss_function"].to_list() == ["cross_entropy"]
        assert found.trials["ece_calibrated"].null_count() == len(LINKED)
        assert found.trials["median_true_logit"].null_count() == 0
        assert set(found.correct) == {"cross_entropy", *LINKED}

    def test_a_diverged_trial_has_its_classes_and_nothing_of_a_last_epoch(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        trial = made_trial("l1", lr=1e18, epochs=8, model="mlp")
        drive(Job(trial, "loss", str(store.root)), lambda: PICTURES, lambda event: None)
        assert store.status(trial.key) == "diverged"
        kept(tmp_path, ["l1"], [1])
        folder = StudyFolder.read(store, "made")
        StudyFolder(folder.study, folder.cards, folder.data, {("l1", 1): trial.key, ("l1", 2): "nowhere"}).write(store)
        found = collect(store, "made")
        assert found.trials["status"].to_list() == ["diverged", "missing"]
        done = store.outcome(trial.key)["epochs"]
        assert found.classes["epoch"].unique().to_list() == list(range(1, done + 1))
        assert set(found.classes["status"]) <= {"diverged"}
        assert found.per_picture == {"nll": {}, "brier": {}, "top5": {}}
        assert found.trials["ece_calibrated"].to_list() == [None, None]
        assert found.correct == found.confusion == {}

    def test_a_study_without_a_trial_has_empty_tables(self, tmp_path: Path) -> None:
        store, _ = kept(tmp_path, ["cross_entropy"], [1])
        folder = StudyFolder.read(store, "made")
        for trials in ({}, {("cross_entropy", 1): "nowhere"}):
            StudyFolder(folder.study, folder.cards, folder.data, trials).write(store)
            found = collect(store, "made")
            assert found.classes.is_empty()
            assert found.classes.schema == pl.Schema(CLASS_COLUMNS)
            assert len(found.trials) == len(trials)


def test_reading_imports_no_torch(made: Made) -> None:
    code = (
        "import sys; from lossbench.store import Store; from lossbench.results import collect; "
        f"found = collect(Store({str(made[0].root)!r}), 'made'); "
        "assert found.trials['temperature'].null_count() == 0; "
        "sys.exit(any(name == 'torch' or name.startswith('lossbench.losses') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
