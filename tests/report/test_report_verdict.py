"""What the report and its tables say of a whole analysis: hypotheses, standings, what stands beside, reasons."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lossbench.analysis import Analysis, analyse
from lossbench.report import write_report
from lossbench.results import Results
from synthetic import DOCUMENT, study

pytestmark = pytest.mark.usefixtures("blank_figures_throughout")

HYPOTHESES = (
    "test.accuracy: cross_entropy > l1",
    "test.accuracy: l1 > cross_entropy",
    "test.accuracy: cross_entropy ~ focal(gamma=2) within 0.5",
    "noise(symmetric, 0.4) | test.accuracy: cross_entropy > l1",
)
STATUS: Mapping[tuple[str, int], tuple[str, int, str]] = {
    ("focal(gamma=0.5)", 4): ("diverged", 3, "a non-finite loss"),
    ("l1", 5): ("failed", 0, "out of memory"),
}


def made(hypotheses: tuple[str, ...] = HYPOTHESES, **changes: Any) -> Results:
    results = study(losses=DOCUMENT, seeds=6, epochs=10, status=STATUS, validation=500, **changes)
    plan = {**results.study["plan"], "hypotheses": list(hypotheses)}
    return replace(results, study={**results.study, "plan": plan})


@pytest.fixture(scope="module")
def results() -> Results:
    return made()


@pytest.fixture(scope="module")
def analysis(results: Results) -> Analysis:
    return analyse(results)


@pytest.fixture(scope="module")
def folder(
    results: Results, analysis: Analysis, tmp_path_factory: pytest.TempPathFactory, blank_figures_throughout: None
) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_report(results, analysis, folder)
    return folder


def text_of(folder: Path, section: str = "") -> str:
    html = (folder / "report.html").read_text(encoding="utf-8")
    if section:
        html = html[html.index(f'<section id="{section}"') :]
        html = html[: html.index("<section", 10)]
    bare = re.sub(r"<svg.*?</svg>|<style>.*?</style>|<wbr>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", bare)))


def test_hypotheses_stand_with_outcome_and_evidence(folder: Path, analysis: Analysis) -> None:
    text = text_of(folder, "hypotheses")
    assert "Of 4 hypotheses written before the run: 2 supported, 1 contradicted and 1 not tested." in text
    for item, mark in zip(analysis.findings, "✓✗✓–", strict=True):
        assert f"{item.hypothesis} {mark} {item.outcome} {item.evidence}" in text
    written = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    assert [item["hypothesis"] for item in written] == list(HYPOTHESES)
    assert [item["outcome"] for item in written] == ["supported", "contradicted", "supported", "not tested"]
    assert all(item["evidence"].endswith(".") for item in written)


def test_without_hypotheses_the_file_is_empty_and_the_section_is_not_there(tmp_path: Path) -> None:
    plain = made(())
    write_report(plain, analyse(plain), tmp_path)
    assert json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8")) == []
    assert 'id="hypotheses"' not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_failed_and_diverged_trials_are_in_every_table(folder: Path) -> None:
    standings = pl.read_csv(folder / "standings.csv")
    assert standings.filter(loss_function="focal(gamma=0.5)")["diverged"].item() == 1
    assert standings.filter(loss_function="l1")["failed"].item() == 1
    summary = pl.read_csv(folder / "summary.csv")
    assert set(summary.filter(loss_function="focal(gamma=0.5)")["diverged"]) == {1}
    assert set(summary.filter(loss_function="l1")["failed"]) == {1}
    pairs = pl.read_csv(folder / "comparisons.csv").filter(a="l1", b="focal(gamma=0.5)")
    assert set(pairs["seeds"]) == {4}
    history = pl.read_csv(folder / "history.csv")
    assert set(history.filter((pl.col("loss_function") == "focal(gamma=0.5)") & (pl.col("seed") == 4))["status"]) == {
        "diverged"
    }
    answer = text_of(folder, "answer")
    assert "5 of 6; 1 diverged (0 % to 64 %)" in answer
    assert "5 of 6; 1 failed" in answer
    assert "focal(gamma=0.5) diverged in 1 of 6 seeds (95 % interval 0 % to 64 %)" in answer


def test_the_comparisons_have_the_columns_of_the_design_and_every_metric(folder: Path) -> None:
    table = pl.read_csv(folder / "comparisons.csv")
    assert table.columns[:14] == [
        "metric", "a", "b", "seeds", "difference", "low", "high", "low_new", "high_new", "p_adjusted", "p_equivalence",
        "probability_of_superiority", "verdict", "seeds_to_decide",
    ]  # fmt: skip
    assert list(dict.fromkeys(table["metric"])) == [
        "test.accuracy", "test.precision", "test.recall", "test.f1", "test.nll", "test.brier", "test.ece"
    ]  # fmt: skip
    assert table.filter(metric="test.nll")["low_new"].is_not_null().all()
    assert table.filter(metric="test.f1")["low_new"].is_null().all()


def test_what_stands_beside_the_last_epoch(folder: Path, analysis: Analysis) -> None:
    final, classes = text_of(folder, "final"), text_of(folder, "classes")
    assert "At the epoch selected on validation" in final
    assert "Calibration after temperature scaling" in text_of(folder, "calibration")
    assert "Recall of every class" in (folder / "report.html").read_text(encoding="utf-8")
    assert "test recall is highest for" in classes
    summary = pl.read_csv(folder / "summary.csv")
    assert summary.filter(metric="ece_calibrated")["split"].unique().to_list() == ["test"]
    selected = summary.filter(pl.col("epoch").is_null())
    assert set(selected["split"]) == {"validation", "test"}
    assert summary["class_name"].n_unique() == 11  # ten, and none


def test_reasons_stand_with_their_loss_and_their_rules(folder: Path, analysis: Analysis) -> None:
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert html.count("<b>Why.</b>") == len({item.loss for item in analysis.explanations})
    assert "How reasons are found" in html
    assert "Over-confident" in html


def test_the_order_of_the_rows_changes_no_byte(results: Results, folder: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def shuffled(table: pl.DataFrame) -> pl.DataFrame:
        return table[rng.permutation(table.height)]

    other = replace(
        results,
        history=shuffled(results.history),
        trials=shuffled(results.trials),
        classes=shuffled(results.classes),
        correct={loss: dict(reversed([*of.items()])) for loss, of in reversed([*results.correct.items()])},
        confusion={loss: dict(reversed([*of.items()])) for loss, of in reversed([*results.confusion.items()])},
    )
    assert analyse(other) == analyse(results)
    write_report(other, analyse(other), tmp_path)
    for path in folder.glob("*.csv"):
        if path.name != "history.csv":  # which is the table itself
            assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
    assert (tmp_path / "verdicts.json").read_bytes() == (folder / "verdicts.json").read_bytes()


def test_the_text_changes_with_the_data(results: Results, folder: Path, tmp_path: Path) -> None:
    better = made(accuracy={"l1": 0.95})
    write_report(better, analyse(better), tmp_path)
    assert text_of(folder, "answer").partition(".")[0] != text_of(tmp_path, "answer").partition(".")[0]
    outcomes = [item["outcome"] for item in json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))]
    assert outcomes[:2] == ["contradicted", "supported"]


def test_one_seed_speaks_of_these_networks(tmp_path: Path) -> None:
    results = study(losses=DOCUMENT[:2], seeds=1, epochs=3)
    analysis = analyse(results)
    write_report(results, analysis, tmp_path)
    text = text_of(tmp_path, "answer")
    assert "these trained networks only" in text
    assert {item.verdict for item in analysis.comparisons} == {"undecided"}


def test_a_study_that_runs_until_it_is_decided_says_when_it_was_looked_at(results: Results, tmp_path: Path) -> None:
    plan = {**results.study["plan"], "max_seeds": 8}
    until = replace(results, study={**results.study, "plan": plan})
    write_report(until, analyse(until), tmp_path)
    text = text_of(tmp_path)
    assert "it was looked at after 3 and 5 seeds" in text
    assert "Every look may spend a share of the error" in text
