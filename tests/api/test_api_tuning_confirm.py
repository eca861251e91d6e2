"""The study that confirms a tuning: both recipes, on seeds that chose nothing; and what is refused beforehand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import lossbench
from lossbench.api.conditions_results import Conditions
from lossbench.api.tuning.confirm import fresh_seeds, tuning_seeds
from lossbench.api.tuning.one import one_condition
from lossbench.api.tuning.tune import plan_tuning, tune
from lossbench.errors import RequestError
from lossbench.spec import Arm, Study, load_study
from tuning_makers import MadeEngine, small, tuned


class TestTheSeeds:
    @pytest.mark.parametrize("seeds", [3, [7, 2], [1]])
    def test_none_is_the_studys_or_the_tunings(self, seeds: Any) -> None:
        study = Study(seeds=seeds)
        drawn = tuning_seeds(study, 3)
        fresh = fresh_seeds(study, 5, drawn)
        assert len({*drawn, *fresh, *study.seeds}) == 3 + 5 + len(study.seeds)

    def test_the_tunings_do_not_change_when_a_study_grows(self) -> None:
        assert tuning_seeds(Study(seeds=2), 2) == tuning_seeds(Study(seeds=9), 2)
        assert tuning_seeds(Study(), 1) == tuning_seeds(Study(), 3)[:1]

    def test_a_study_that_has_one_of_them_gets_others(self) -> None:
        first, second = tuning_seeds(Study(), 2)
        assert tuning_seeds(Study(seeds=[first]), 1) == (second,)


class TestTheStudy:
    def test_it_has_both_recipes_and_reads_back_from_its_file(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        study = small(made_data, losses=["cross_entropy", "focal(gamma=2)", "mae[lr=0.5]"], seeds=[4, 2])
        tuning = tuned(study, tmp_path / "log", 8, seeds=3)
        (tmp_path / "tuned.yaml").write_text(tuning.study.to_yaml(), encoding="utf-8")
        again = load_study(tmp_path / "tuned.yaml")
        assert again == tuning.study
        assert (again.name, again.seeds, again.losses) == ("small-tuned", (1, 3, 5), study.losses)
        assert [condition.recipe for condition in again.conditions] == ["fixed", "tuned"]
        assert again.recipe == study.recipe
        for one in tuning.losses:
            assert one.best is not None
            recipe = one.chosen.recipe(study.recipe)
            assert recipe.optimizer.lr == one.best.settings["lr"]
            assert again.tuned is not None
            assert again.tuned[str(one.arm)] == one.chosen
        assert tuning.losses[1].chosen.loss.keywords["gamma"] == 2, "what the study writes is held"

    def test_hypotheses_and_margin_are_the_studys(self, made_data: Path, tmp_path: Path, engine: MadeEngine) -> None:
        plan = {"hypotheses": ["test.accuracy: cross_entropy > gce"], "margin": 0.02}
        assert tuned(small(made_data, plan=plan), tmp_path / "log", 2).study.plan == small(made_data, plan=plan).plan

    def test_a_loss_without_an_import_path_is_tuned_too(
        self, made_data: Path, tmp_path: Path, engine: MadeEngine
    ) -> None:
        def mine(logits: Any, target: Any) -> Any:
            return ((logits - target[:, None]) ** 2).mean(1)

        tuning = tune(small(made_data, losses=["cross_entropy", mine]), 6, save_dir=tmp_path / "log", executor="inline")
        assert [len(one.attempts) for one in tuning.losses] == [6, 6]
        assert tuning.study.tuned is not None
        assert tuning.study.losses[1].loss.function is not None
        assert {arm.loss.function for arm in tuning.study.tuned.values()} == {
            None,
            tuning.study.losses[1].loss.function,
        }

    @pytest.mark.usefixtures("blank_figures")
    def test_it_runs(self, tmp_path: Path) -> None:
        study = Study(models="mlp", losses=["cross_entropy", "gce"], seeds=2, recipe={"epochs": 2})
        tuning = lossbench.tune(study, 4, save_dir=tmp_path, executor="inline")
        assert isinstance(tuning, lossbench.Tuning)
        assert repr(tuning) == "<Tuning of 2 losses by validation.accuracy, 4 settings each, for digits-mlp-tuned>"
        results = lossbench.run(tuning.study, tmp_path, executor="inline")
        assert isinstance(results, Conditions)
        assert list(results) == ["fixed recipe", "tuned recipe"]
        assert set(results["fixed recipe"].history["seed"]) == {3, 4}
        assert results["tuned recipe"].labels == tuple(str(one.chosen) for one in tuning.losses)


class TestOneCondition:
    study = Study(name="many", models=["mlp", "cnn"], scenarios=["clean", "noise(symmetric, 0.4)"])

    def test_one_is_chosen_and_named(self) -> None:
        chosen = one_condition(self.study, "cnn", "noise(symmetric,0.40)")
        assert (chosen.models, chosen.scenarios) == (("cnn",), ("noise(symmetric, 0.4)",))
        assert chosen.name == "many-cnn-noise-symmetric-0.4"

    def test_a_study_with_one_stays_as_it_is(self) -> None:
        assert one_condition(Study(), None, None) == Study()

    @pytest.mark.parametrize(
        ("model", "scenario", "sentence"),
        [
            (None, None, "models: expected one, for .* --model chooses it, got mlp; cnn"),
            ("mlp", None, r"scenarios: .* --scenario chooses it, got clean; noise\(symmetric, 0.4\)"),
            ("resnet20", None, "--model: expected one of cnn, mlp, got resnet20"),
            ("mlp", "noise(pair, 0.4)", "--scenario: expected one of the study's: clean; noise"),
            ("mlp", "nonsense", "--scenario: expected one of clean"),
        ],
    )
    def test_it_refuses(self, model: str | None, scenario: str | None, sentence: str) -> None:
        with pytest.raises(RequestError, match=sentence):
            one_condition(self.study, model, scenario)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("changes", "options", "sentence"),
        [
            ({}, {"budget": 0}, "budget: expected a whole number from 1 to 100000, got 0"),
            ({}, {"budget": 2.5}, "budget: .* got 2.5"),
            ({}, {"seeds": True}, "seeds: .* got True"),
            ({}, {"tune_seeds": 0}, "tune_seeds: .* got 0"),
            ({"models": ["mlp", "cnn"]}, {}, "models: expected one"),
            ({"losses": ["mae[lr=0.5]", "mae"]}, {}, r"losses: .* which are tuned, got mae\[lr=0.5\] and mae"),
            ({"losses": ["nonsense"]}, {}, "losses: expected one of"),
            ({"models": "nonsense"}, {}, "nonsense"),
        ],
    )
    def test_in_one_sentence_and_nothing_is_written(
        self, made_data: Path, tmp_path: Path, changes: dict[str, Any], options: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(RequestError, match=sentence):
            plan_tuning(small(made_data, **changes), save_dir=tmp_path / "log", **options)
        assert not (tmp_path / "log").exists()

    def test_a_study_that_was_tuned(self, made_data: Path, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match="tuned: expected a study that was not tuned yet, got small"):
            plan_tuning(
                small(made_data, losses=["mae"], tuned={"mae": Arm.parse("mae[lr=0.5]")}), save_dir=tmp_path / "log"
            )

    def test_an_executor_that_is_none(self, made_data: Path, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match="--executor: expected processes or inline, got nonsense"):
            tune(small(made_data), 1, save_dir=tmp_path / "log", executor="nonsense")
        assert not (tmp_path / "log").exists()

    def test_without_the_extra(self, made_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "optuna", None)
        monkeypatch.setattr("lossbench.api.tuning.extra.find_spec", lambda name: None)
        with pytest.raises(RequestError, match=r"tune: expected the extra `tune`: pip install 'lossbench\[tune\]'"):
            tune(small(made_data), save_dir=tmp_path / "log")


def test_the_journals_are_optunas_and_hold_no_pickle(made_data: Path, tmp_path: Path, engine: MadeEngine) -> None:
    import json

    import optuna

    tuned(small(made_data), tmp_path / "log", 6)
    for path in (tmp_path / "log/tuning/small").glob("*.journal"):
        assert all(isinstance(json.loads(line), dict) for line in path.read_text(encoding="utf-8").splitlines())
        backend = optuna.storages.journal.JournalFileBackend(str(path))
        (study,) = optuna.get_all_study_summaries(optuna.storages.JournalStorage(backend))
        assert study.n_trials == 6


def test_the_tables_say_everything(made_data: Path, tmp_path: Path, engine: MadeEngine) -> None:
    import polars as pl

    tuning = tuned(small(made_data), tmp_path / "log", 6)
    table = pl.read_csv(tuning.folder / "tuning.csv")
    assert table.columns == tuning.trials.columns
    assert table["lr"].to_list() == tuning.trials["lr"].to_list()
    told = yaml.safe_load((tuning.folder / "tuning.json").read_text(encoding="utf-8"))
    assert (told["budget"], told["metric"], told["seeds"]) == (6, "validation.accuracy", list(tuning.seeds))
    for one, values in zip(tuning.losses, told["losses"], strict=True):
        assert one.best is not None
        assert values["chosen"] == one.chosen.written()
        assert (values["fixed_value"], values["tuned_value"]) == (one.fixed.value, one.best.value)
    assert len(told["trials"]) == 12
