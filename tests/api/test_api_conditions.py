"""Studies of several models and scenarios: losses are compared within each condition, nothing is trained twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lossbench
from across_makers import LOSSES, condition, noisy
from lossbench.api.running import prepare
from lossbench.errors import RequestError, SaveDirError
from lossbench.report import across_text
from lossbench.spec import Study
from lossbench.store import Store, StudyFolder

pytestmark = pytest.mark.usefixtures("blank_figures")


def made(**values: Any) -> Study:
    base: dict[str, Any] = {
        "name": "several",
        "losses": "cross_entropy, focal",
        "models": ["mlp"],
        "scenarios": ["clean", "validation(0.2)"],
        "seeds": 1,
        "recipe": {"epochs": 1},
    }
    return Study(**(base | values))


def run(study: Study, folder: Path) -> lossbench.Conditions:
    results = lossbench.run(study, folder, executor="inline")
    assert isinstance(results, lossbench.Conditions)
    return results


def test_every_condition_has_its_results_and_its_report(tmp_path: Path) -> None:
    results = run(made(), tmp_path)
    assert list(results) == ["clean", "validation(0.2)"]
    assert set(results.history.columns) >= {"scenario", "loss_function"}
    assert "model" not in results.history.columns
    own = tmp_path / "studies" / "several"
    assert (own / "report.html").exists()
    for slug in ("mlp-clean", "mlp-validation-0.2"):
        assert (own / "conditions" / slug / "report.html").exists()
        part = lossbench.load(own / "conditions" / slug)
        assert isinstance(part, lossbench.Results)
        assert part.trials["status"].to_list() == ["finished"] * 2
    kept = pl.read_csv(own / "comparisons.csv")
    assert kept["scenario"].unique().sort().to_list() == ["clean", "validation(0.2)"]
    again = lossbench.load(tmp_path)
    assert isinstance(again, lossbench.Conditions)
    assert again.history.equals(results.history)


def test_a_trial_is_the_same_alone_and_in_a_larger_study(tmp_path: Path) -> None:
    alone = prepare(made(name="alone", scenarios=["validation(0.2)"]), tmp_path)
    together = prepare(made(), tmp_path)
    assert set(alone.trials) < set(together.trials)
    assert len(together.trials) == 4


def test_scenarios_and_models_may_join_and_may_not_leave(tmp_path: Path) -> None:
    first = lossbench.run(made(scenarios=["clean"]), tmp_path, executor="inline")
    assert isinstance(first, lossbench.Results)
    store = Store(tmp_path)
    keys = set(StudyFolder.read(store, "several").trials.values())
    joined = run(made(models=["mlp", "cnn"]), tmp_path)
    assert list(joined) == ["mlp, clean", "mlp, validation(0.2)", "cnn, clean", "cnn, validation(0.2)"]
    folder = StudyFolder.read(store, "several")
    assert not folder.trials
    own = [StudyFolder.read(store, place).trials.values() for place in folder.places.values()]
    assert keys == set(own[0])
    with pytest.raises(SaveDirError, match=r"differs in scenarios \(it leaves some out\)"):
        prepare(made(scenarios=["clean"], models=["mlp", "cnn"]), tmp_path)


def test_a_tuned_arm_that_is_the_fixed_one_is_trained_once(tmp_path: Path) -> None:
    study = made(scenarios=["clean"], tuned={"cross_entropy": "cross_entropy", "focal": "focal(gamma=1)[lr=0.05]"})
    prepared = prepare(study, tmp_path)
    assert len(prepared.trials) == 3
    results = run(study, tmp_path)
    assert list(results) == ["fixed recipe", "tuned recipe"]
    assert results["tuned recipe"].labels == ("cross_entropy", "focal(gamma=1)[lr=0.05]")
    assert results["tuned recipe"].losses[1].overrides == {"lr": 0.05}
    assert results["fixed recipe"].losses[1].overrides == {}


def test_a_loss_with_its_own_recipe_is_trained_with_it(tmp_path: Path) -> None:
    study = made(scenarios=["clean"], losses=["cross_entropy", {"loss": "cross_entropy", "lr": 0.001}])
    results = lossbench.run(study, tmp_path, executor="inline")
    assert isinstance(results, lossbench.Results)
    assert results.labels == ("cross_entropy", "cross_entropy[lr=0.001]")
    losses = results.history.filter(split="train")["loss"].to_list()
    assert losses[0] < losses[1]  # the slower one has learnt less in its epoch


def test_the_answer_the_figures_and_the_notebooks_view_are_of_all_conditions() -> None:
    within = noisy()
    study = Study(name="noisy", question="<b>Which?</b>", losses=list(LOSSES), models=["mlp", "cnn"])
    results = lossbench.Conditions.of(study, within)
    assert results.answer == across_text(within)
    assert str(results).startswith(results.answer[0])
    assert results.plot.conditions().data.height == 18
    assert [results.plot.levels(number).data["level"].max() for number in (1, 2)] == [0.4, 0.4]
    assert len(results.plot.all) == 3
    with pytest.raises(RequestError, match="number: expected 1 to 2, for there are 2 series, got 3"):
        results.plot.levels(3)
    assert results.across.crossings[0][0].shown
    html = results._repr_html_()
    assert "<b>Which?</b>" not in html
    assert html.count("<details>") == 6
    assert "<svg" in html


def test_without_a_series_there_are_no_levels() -> None:
    within = [condition(model, "clean", (0.9, 0.8, 0.6)) for model in ("mlp", "cnn")]
    results = lossbench.Conditions.of(Study(losses=list(LOSSES), models=["mlp", "cnn"]), within)
    with pytest.raises(RequestError, match="plot: expected two conditions that differ in the noise rate"):
        results.plot.levels()
