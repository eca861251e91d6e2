"""Tuning: the same budget for every loss, and what becomes of settings that go wrong."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lossbench.api.tuning.tune import plan_tuning, tune_missing
from lossbench.errors import StoreError, TrialError
from lossbench.spec import Trial
from tuning_makers import PICTURES, MadeEngine, of, small, tried, tuned


def curve(engine: MadeEngine, trial: Trial) -> list[float]:
    """The accuracies that the made engine gave, in whole pictures."""
    return [round(float(engine.course(trial, epoch)) * PICTURES / 2) / (PICTURES / 2) for epoch in range(1, 10)]


class TestTheBudget:
    def test_it_is_the_same_for_every_loss_and_begins_with_the_losss_own(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        study = small(made_data, losses=["cross_entropy", "gce(q=0.3)", "focal", "mae[lr=0.5]"])
        tuning = tuned(study, tmp_path / "log", 7)
        assert tuning.trials.group_by("loss_function", maintain_order=True).len()["len"].to_list() == [7] * 4
        first = tuning.trials.filter(pl.col("trial") == 1)
        assert first["lr"].to_list() == [0.1, 0.1, 0.1, 0.5]
        assert first["hyperparameters"].to_list() == ["", "", "gamma=2, detach=false", ""]

    def test_until_the_sampler_has_learned_something_all_losses_try_the_same_learning_rates(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        tuning = tuned(small(made_data, losses=["cross_entropy", "focal"]), tmp_path / "log")
        assert of(tuning, "cross_entropy")["lr"][1:5].to_list() == of(tuning, "focal")["lr"][1:5].to_list()

    def test_what_is_chosen_is_the_best_on_validation_and_never_worse_than_the_losss_own(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        tuning = tuned(small(made_data), tmp_path / "log", 25)
        for one in tuning.losses:
            rows = of(tuning, str(one.arm)).drop_nulls("value")
            assert one.best is not None
            assert one.best.value == rows["value"].max() >= rows["value"][0]
            assert one.fixed.value == rows["value"][0]
            assert abs(math.log10(float(str(one.best.settings["lr"])) / 0.02)) < 0.15, "the optimum is at 0.02"

    def test_of_equal_ones_the_first_is_chosen(self, made_data: Path, tmp_path: Path, engine: MadeEngine) -> None:
        engine.course = lambda trial, epoch: 0.5
        tuning = tuned(small(made_data), tmp_path / "log")
        assert [one.chosen for one in tuning.losses] == list(tuning.study.losses)

    def test_a_larger_budget_goes_on_and_a_smaller_one_looks_at_no_more(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        six = tuned(small(made_data), tmp_path / "log", 6)
        assert len(engine.trials) == 12
        nine = tuned(small(made_data), tmp_path / "log", 9)
        assert len(engine.trials) == 18
        assert tried(nine).filter(pl.col("trial") <= 6).equals(tried(six))
        assert tried(tuned(small(made_data), tmp_path / "elsewhere", 9)).equals(tried(nine))
        assert tried(tuned(small(made_data), tmp_path / "log", 6)).equals(tried(six))
        assert len(engine.trials) == 36

    def test_a_loss_that_joins_is_tuned_alone_and_a_changed_study_anew(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        tuned(small(made_data), tmp_path / "log", 3)
        tuned(small(made_data, losses=["cross_entropy", "gce", "mae"]), tmp_path / "log", 3)
        assert len(engine.trials) == 9
        for changes in ({"recipe": {"epochs": 3}}, {"scenarios": "validation(0.3)"}, {"plan": {"metric": "test.f1"}}):
            before = len(engine.trials)
            tuned(small(made_data, **changes), tmp_path / "log", 3)
            assert len(engine.trials) == before + 6, changes
        before = len(engine.trials)
        tuned(small(made_data, seeds=5, question="Another?"), tmp_path / "log", 3)
        assert len(engine.trials) == before

    def test_other_metrics_choose_too_and_less_of_some_is_better(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        by_accuracy = tuned(small(made_data), tmp_path / "log", 10)
        by_nll = tuned(small(made_data, plan={"metric": "test.nll"}), tmp_path / "log", 10)
        for one, other in zip(by_accuracy.losses, by_nll.losses, strict=True):
            assert one.best is not None
            assert other.best is not None
            assert other.best.settings == one.best.settings
            assert other.best.value == by_nll.trials.filter(loss_function=str(one.arm))["value"].min()

    def test_several_tuning_seeds_are_averaged(self, made_data: Path, tmp_path: Path, engine: MadeEngine) -> None:
        engine.course = lambda trial, epoch: 0.2 + 0.4 * (trial.seed % 2)
        tuning = tuned(small(made_data), tmp_path / "log", 2, tune_seeds=4)
        assert len(set(tuning.seeds)) == 4
        odd = sum(seed % 2 for seed in tuning.seeds)
        assert tuning.trials["value"].to_list() == pytest.approx([0.2 + 0.4 * odd / 4] * 4)
        assert tuning.trials["epochs"].to_list() == [8] * 4


class TestWhatGoesWrong:
    def test_hopeless_settings_are_given_up_and_count(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        """Each is held against the medians of the finished ones before it, taken anew from what the engine said."""
        study = small(made_data, losses=["cross_entropy"], recipe={"epochs": 9})
        tuning = tuned(study, tmp_path / "log", 30)
        rows = tuning.trials.to_dicts()
        assert len(rows) == 30
        given_up = [row for row in rows if row["status"] == "pruned"]
        assert given_up
        curves = [curve(engine, trial) for trial in engine.trials]
        for place, row in enumerate(rows):
            earlier = [curves[i] for i in range(place) if rows[i]["status"] == "finished"]
            epochs = row["epochs"]
            worse = [
                e
                for e in range(3, 10)
                if len(earlier) >= 4 and curves[place][e - 1] < np.median([c[e - 1] for c in earlier])
            ]
            assert (row["status"] == "pruned") == bool([e for e in worse if e < 9])
            assert epochs == (worse[0] if row["status"] == "pruned" else 9)
            assert (row["value"] is None) == (row["status"] == "pruned")

    def test_what_diverges_stays_in_the_record_and_is_not_chosen(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        def course(trial: Trial, epoch: int) -> float | str:
            return "a non-finite loss" if trial.recipe.optimizer.lr > 0.3 else 0.5

        engine.course = course
        tuning = tuned(small(made_data), tmp_path / "log", 10)
        rows = tuning.trials.filter(pl.col("status") == "diverged")
        assert rows.height > 0
        assert rows["lr"].min() > 0.3  # type: ignore[operator]  # there are some
        assert rows["value"].null_count() == rows.height
        assert set(rows["reason"]) == {"a non-finite loss"}
        assert set(rows["epochs"]) == {1}
        assert tuning.trials.height == 20

    def test_where_nothing_finishes_the_losss_own_values_stay(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        engine.course = lambda trial, epoch: "a non-finite loss"
        tuning = tuned(small(made_data), tmp_path / "log", 4)
        assert [one.best for one in tuning.losses] == [None, None]
        assert [one.chosen for one in tuning.losses] == list(tuning.study.losses)

    def test_what_raises_has_failed_and_the_others_go_on(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        def course(trial: Trial, epoch: int) -> float:
            if trial.loss.name == "gce" and trial.recipe.optimizer.lr != 0.1:
                raise RuntimeError("the model raised")
            return 0.5

        engine.course = course
        tuning = tuned(small(made_data), tmp_path / "log", 5)
        assert of(tuning, "cross_entropy")["status"].to_list() == ["finished"] * 5
        assert of(tuning, "gce")["status"].to_list() == ["finished"] + ["failed"] * 4
        assert set(of(tuning, "gce")["reason"]) == {"", "RuntimeError: the model raised"}

    def test_a_journal_that_is_none_is_told(self, made_data: Path, tmp_path: Path, engine: MadeEngine) -> None:
        tuned(small(made_data), tmp_path / "log", 3)
        path = next((tmp_path / "log/tuning/small").glob("gce-*.journal"))
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:3], b"{broken\n", *lines[3:]]))
        with pytest.raises(StoreError, match="is no journal of a tuning"):
            tuned(small(made_data), tmp_path / "log", 3)

    def test_a_worker_that_dies_leaves_a_tuning_that_is_not_whole(
        self, made_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "deadly.py").write_text(
            "import os, signal\nfrom lossbench.models import build\n"
            "def dies(num_classes, in_channels):\n"
            "    if not os.environ.get('DEADLY'):\n        return build('mlp', num_classes, in_channels, (8, 8), 1)\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        study = small(made_data, models="deadly:dies", losses=["cross_entropy"])
        planned = plan_tuning(study, 2, save_dir=tmp_path / "log")
        monkeypatch.setenv("DEADLY", "1")
        with pytest.raises(TrialError, match=r"cross_entropy could not be tuned: .*SIGKILL.*what was tried is kept"):
            tune_missing(planned, lambda event: None)
        monkeypatch.delenv("DEADLY")
        assert tune_missing(planned, lambda event: None).trials["status"].to_list() == ["finished"] * 2
