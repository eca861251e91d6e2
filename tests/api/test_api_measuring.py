"""A study's own metrics, top-5 accuracy and the area under the ROC curve: from stored logits to every table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

import lossbench
from lossbench.api import verifying
from lossbench.errors import RequestError, SaveDirError
from lossbench.metrics import log_softmax
from lossbench.report import frames
from lossbench.store import Store, StudyFolder
from tuning_makers import small, written

pytestmark = pytest.mark.usefixtures("blank_figures")

MODULE = """
import torch

CALLS = []


def distance(logits, target):
    CALLS.append(tuple(logits.shape))
    return (logits.argmax(dim=1) - target).abs().double().mean()


def share(logits, target):
    assert logits.dtype == torch.float32 and target.dtype == torch.int64
    logits[:], target[:] = 0, 0  # copies: nobody else minds
    return 0.25


def of_tests(logits, target):
    if len(target) < 30:
        raise ValueError("too few pictures")
    return 1


def endless(logits, target):
    return float("inf")


def text(logits, target):
    return "0.5"


def leaves(logits, target):
    raise SystemExit("off")
"""


@pytest.fixture
def module(here: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (here / "metrics_of_mine.py").write_text(MODULE)
    monkeypatch.delitem(sys.modules, "metrics_of_mine", raising=False)
    return "metrics_of_mine"


def run(here: Path, metrics: list[str], **changes: Any) -> lossbench.Results:
    plan = {**({"metrics": metrics} if metrics else {}), **changes.pop("plan", {})}
    found = lossbench.run(small(written(here / "data"), plan=plan, **changes), here / "log", executor="inline")
    assert isinstance(found, lossbench.Results)
    return found


def last(results: lossbench.Results, split: str = "test") -> pl.DataFrame:
    return results.history.filter(epoch=2, split=split)


class TestBuiltIn:
    def test_the_area_is_scikit_learns_of_the_stored_logits(self, here: Path) -> None:
        results = run(here, [], losses=["cross_entropy", "bce"])
        store = Store(here / "log")
        for row in last(results).iter_rows(named=True):
            key = results.trials.filter(loss_function=row["loss_function"], seed=row["seed"])["key"].item()
            tensors = store.logits(key)
            given = tensors.get("test.last.log_probabilities", tensors["test.last"])
            probabilities = np.exp(log_softmax(given))
            expected = roc_auc_score(tensors["test.target"], probabilities, multi_class="ovr", average="macro")
            assert row["auroc"] == pytest.approx(expected, abs=1e-12)
            assert row["top5"] is None  # of three classes
        assert results.history.filter(epoch=1)["auroc"].null_count() == 8
        assert last(results, "train")["auroc"].null_count() == 4

    def test_it_is_in_every_table_and_in_a_family_of_its_own(self, here: Path) -> None:
        results = run(here, [])
        assert results.comparisons.filter(metric="test.auroc").height == 1
        assert results.summary.filter(metric="auroc")["split"].to_list() == ["test", "test"]
        plain = results.analysis.comparisons[0]
        assert plain.p_adjusted == plain.p_difference  # of one pair in one metric there is nothing to adjust
        assert "auroc" not in frames(results, results.analysis)["history"].columns

    def test_ten_classes_have_a_top_five(self, here: Path) -> None:
        study = lossbench.Study(losses=["cross_entropy", "l1"], seeds=2, models=["mlp"], recipe={"epochs": 1})
        results = lossbench.run(study, here / "log", executor="inline")
        assert isinstance(results, lossbench.Results)
        assert results.summary.filter(metric="top5", split="test")["mean"].min() > 0.4  # type: ignore[operator]
        row = results.comparisons.filter(metric="test.top5").row(0, named=True)
        assert row["low_new"] is not None  # which takes the pictures one by one

    def test_it_may_be_what_the_verdict_is_about(self, here: Path) -> None:
        plan = {"metric": "test.auroc", "hypotheses": ["test.auroc: gce within 0.4 of 0.9"]}
        results = run(here, [], plan=plan, seeds=3)
        assert results.analysis.metric == "test.auroc"
        assert results.analysis.ranking == tuple(
            results.summary.filter(metric="auroc", split="test").sort("mean", descending=True)["loss_function"]
        )
        assert results.hypotheses["outcome"].to_list() == ["supported"]
        assert (here / "log" / "studies" / "small" / "report.html").read_text().count("area under the ROC curve") > 1

    def test_three_classes_have_no_top_five(self, here: Path) -> None:
        with pytest.raises(RequestError, match=r"plan\.metric: expected a metric that 3 classes have, got test\.top5"):
            run(here, [], plan={"metric": "test.top5"})
        results = run(here, [], plan={"hypotheses": ["test.top5: cross_entropy > gce"]})
        assert results.hypotheses["evidence"].to_list() == ["3 classes have no top five."]

    def test_of_its_course_nothing_is_told(self, here: Path) -> None:
        plan = {"hypotheses": ["test.auroc: gce rises", "test.auroc: cross_entropy > gce along training"]}
        results = run(here, [], plan=plan)
        assert results.hypotheses["outcome"].to_list() == ["not tested"] * 2
        assert set(results.hypotheses["evidence"]) == {"test.auroc is known at the last epoch alone."}

    def test_losses_are_not_tuned_by_it(self, here: Path) -> None:
        pytest.importorskip("optuna", reason="tuning needs optuna")
        study = small(written(here / "data"), plan={"metric": "test.auroc"})
        with pytest.raises(RequestError, match=r"plan\.metric: expected a metric that every epoch has"):
            lossbench.tune(study, 2, save_dir=here / "log")


class TestOwn:
    def test_values_come_from_the_last_logits(self, here: Path, module: str) -> None:
        results = run(here, [f"{module}:distance, lower is better"], scenarios="validation(0.2)")
        store = Store(here / "log")
        for split in ("test", "validation"):
            for row in last(results, split).iter_rows(named=True):
                key = results.trials.filter(loss_function=row["loss_function"], seed=row["seed"])["key"].item()
                tensors = store.logits(key)
                wrong = np.abs(tensors[f"{split}.last"].argmax(axis=1) - tensors[f"{split}.target"])
                assert row["distance"] == pytest.approx(wrong.mean())
        assert results.unmeasured == ()
        assert results.comparisons.filter(metric="test.distance").height == 1

    def test_one_that_joins_trains_nothing_and_one_that_leaves_stays_in_the_store(
        self, here: Path, module: str
    ) -> None:
        before = run(here, [])
        times = {path: path.stat().st_mtime_ns for path in (here / "log" / "trials").rglob("*") if path.is_file()}
        after = run(here, [f"{module}:share"])
        assert all(path.stat().st_mtime_ns == then for path, then in times.items())
        assert after.trials["key"].to_list() == before.trials["key"].to_list()
        assert last(after)["share"].to_list() == [0.25] * 4
        assert last(after)["auroc"].equals(last(before)["auroc"])
        assert after.comparisons.filter(pl.col("metric") != "test.share").equals(before.comparisons)
        assert "share" not in run(here, []).history.columns
        sys.modules[module].share = None  # type: ignore[attr-defined]  # it must not be called once more

    def test_values_that_are_there_are_not_computed_again(self, here: Path, module: str) -> None:
        run(here, [f"{module}:distance"])
        assert len(sys.modules[module].CALLS) == 4
        run(here, [f"{module}:distance"])
        assert len(sys.modules[module].CALLS) == 4

    def test_an_edited_one_is_computed_again(self, here: Path, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
        run(here, [f"{module}:share"])
        (here / f"{module}.py").write_text(MODULE.replace("0.25", "0.75"))
        monkeypatch.delitem(sys.modules, module)
        assert last(run(here, [f"{module}:share"]))["share"].to_list() == [0.75] * 4

    def test_lower_is_better_decides_the_ranking(self, here: Path, module: str) -> None:
        ranking = {}
        for end in ("lower", "higher"):
            metrics = [f"{module}:distance, {end} is better"]
            results = run(here, metrics, plan={"metric": "test.distance"}, name=end, losses=["cross_entropy", "l1"])
            ranking[end] = results.analysis.ranking
            assert results.analysis.higher_is_better == (end == "higher")
        assert ranking["lower"] == ranking["higher"][::-1]

    @pytest.mark.parametrize("named", ["metric", "hypotheses"])
    def test_one_that_decides_something_stays_as_it_was_before_the_run(
        self, here: Path, module: str, named: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plans = {"metric": {"metric": "test.share"}, "hypotheses": {"hypotheses": ["test.share: cross_entropy > gce"]}}
        plan = plans[named]
        first = run(here, [f"{module}:share, lower is better"], plan=plan)
        with pytest.raises(SaveDirError, match=r"differs in plan\.metrics \(share, which the study decides by"):
            run(here, [f"{module}:share"], plan=plan)
        again = run(here, [f"{module}:share, lower is better", f"{module}:distance"], plan=plan)  # others may join
        assert again.analysis.ranking == first.analysis.ranking
        run(here, [f"{module}:share, lower is better", f"{module}:distance, lower is better"], plan=plan)
        (here / f"{module}.py").write_text(MODULE.replace("0.25", "0.75"))
        monkeypatch.delitem(sys.modules, module)
        with pytest.raises(SaveDirError, match=r"differs in plan\.metrics \(share, which the study decides by"):
            run(here, [f"{module}:share, lower is better"], plan=plan)

    def test_reading_imports_nothing(self, here: Path, module: str) -> None:
        run(here, [f"{module}:distance"])
        script = "import sys, lossbench; print(lossbench.load('log').history['distance'].count()); "
        script += f"print('{module}' in sys.modules, 'torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", script], cwd=here, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["4", "False", "False"]

    def test_one_that_cannot_be_imported_is_refused_before_anything_is_written(self, here: Path, module: str) -> None:
        with pytest.raises(RequestError, match=r"plan\.metrics: expected module:callable that can be imported"):
            run(here, [f"{module}:nowhere"])
        assert not (here / "log").exists()


class TestWithoutValue:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("of_tests", "ValueError: too few pictures"),
            ("endless", "its value on the test split is inf"),
            ("text", "TypeError: it gave text, 0.5, and not a number"),
            ("leaves", "SystemExit: off"),
        ],
    )
    def test_the_study_goes_on_and_says_why(self, here: Path, module: str, name: str, reason: str) -> None:
        results = run(here, [f"{module}:{name}"], scenarios="validation(0.2)")
        assert set(results.trials["status"]) == {"finished"}
        assert [row[2:] for row in results.unmeasured] == [(name, reason)] * 4
        assert last(results)[name].null_count() == 4
        page = (here / "log" / "studies" / "small" / "report.html").read_text()
        assert "Values of the study's own metrics that are missing" in page
        assert lossbench.load(here / "log").unmeasured == results.unmeasured  # type: ignore[union-attr]

    def test_a_verdict_about_it_is_none(self, here: Path, module: str) -> None:
        results = run(here, [f"{module}:endless"], plan={"metric": "test.endless"})
        assert results.analysis.comparisons[0].verdict == "undecided"
        assert [e.mean for e in results.analysis.estimates if e.metric == "endless"] == [None, None]

    def test_a_hypothesis_about_it_is_not_tested_and_says_why(self, here: Path, module: str) -> None:
        plan = {"hypotheses": ["test.of_tests: cross_entropy > gce", "validation.of_tests: lowest gce"]}
        results = run(here, [f"{module}:of_tests"], plan=plan, scenarios="validation(0.2)")
        assert results.hypotheses["outcome"].to_list() == ["not tested"] * 2
        assert results.hypotheses["evidence"].to_list() == [
            f"{split}.of_tests has no value (ValueError: too few pictures)." for split in ("test", "validation")
        ]

    def test_a_damaged_value_is_said_and_computed_again(self, here: Path, module: str) -> None:
        run(here, [f"{module}:share"])
        store = Store(here / "log")
        file = sorted((here / "log").glob("trials/*/metrics/*.json"))[0]
        file.write_text(file.read_text().replace("0.25", "0.35"))
        loaded = lossbench.load(here / "log")
        assert isinstance(loaded, lossbench.Results)
        ((_, _, metric, reason),) = loaded.unmeasured
        assert metric == "share"
        assert "is missing or damaged (its SHA-256 is not the one that it carries)" in reason
        found = verifying.verified(store, StudyFolder.read(store, "small"))
        assert [where.split(", ")[1] for where, _ in found.damaged] == [str(file.relative_to(here / "log"))]
        assert run(here, [f"{module}:share"]).unmeasured == ()

    def test_a_value_of_other_logits_is_none(self, here: Path, module: str) -> None:
        run(here, [f"{module}:share"])
        one, other, *_ = sorted((here / "log").glob("trials/*/metrics/*.json"))
        one.write_bytes(other.read_bytes())
        loaded = lossbench.load(here / "log")
        assert isinstance(loaded, lossbench.Results)
        assert [row[3] for row in loaded.unmeasured] == ["it was not computed; run the study again"]
