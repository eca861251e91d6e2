"""A page of very many trials names none of them: it counts, and says in which file they stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lossbench.analysis import Within
from lossbench.figures import draw
from lossbench.report import notes, write_report
from lossbench.report.blocks import blocks
from lossbench.report.document import Table
from lossbench.report.sentences_loss import lost_sentences
from lossbench.report.sentences_run import recipe_rows
from lossbench.report.tables import frames, frames_across
from lossbench.report.trials_lost import unfinished, unfinished_caption, unmeasured, unmeasured_listed
from lossbench.results import Results
from lossbench.spec import FIXED, Condition
from lossbench.text import MANY_SEEDS, MOST_ROWS
from synthetic import analyse, study


def torn(lost: int, seeds: int = MOST_ROWS + 20) -> Results:
    status = {("l1", seed): ("diverged", 1 + seed % 3, "loss is not finite") for seed in range(1, lost + 1)}
    return study(losses=("l1", "cross_entropy"), seeds=seeds, epochs=4, status=status)


def test_few_lost_trials_are_listed() -> None:
    results = torn(MOST_ROWS)
    assert [row["seed"] for row in unfinished(results)] == list(range(1, MOST_ROWS + 1))
    assert unfinished_caption(results) == "200 of 440 trials did not finish; they enter no mean"
    assert "unfinished" not in frames(results, analyse(results))


def test_many_are_counted_and_stand_in_a_file() -> None:
    results = torn(MOST_ROWS + 1)
    (row,) = unfinished(results)
    assert (row["loss_function"], row["status"]) == ("l1", "diverged")
    assert (row["seed"], row["epochs"], row["reason"]) == ("201 seeds", "1 to 3", "loss is not finite")
    assert unfinished_caption(results).endswith("Counted by loss, status and reason; unfinished.csv lists them")
    table = frames(results, analyse(results))["unfinished"]
    assert table["seed"].to_list() == list(range(1, MOST_ROWS + 2))
    assert table.columns == ["loss_function", "seed", "status", "epochs", "reason"]


def test_the_other_forms_count_them_too() -> None:
    results = torn(MOST_ROWS + 1)
    analysis = analyse(results)
    found = {item.name: item for item in blocks(results, analysis, draw(results, analysis)) if isinstance(item, Table)}
    assert len(found["unfinished"].rows) == 1


def test_a_file_of_all_conditions_has_what_each_page_lists_itself() -> None:
    scenarios = ("clean", "noise(symmetric, 0.2)")
    parts = [
        replace(torn(lost), unmeasured=tuple(("l1", seed, "mine", "raised") for seed in range(lost)))
        for lost in (3, MOST_ROWS + 1)
    ]
    within = [
        Within(Condition("mlp", scenario, FIXED), part, analyse(part))
        for scenario, part in zip(scenarios, parts, strict=True)
    ]
    for name in ("unfinished", "unmeasured"):
        counts = frames_across(within)[name]["scenario"].value_counts().sort("count").rows()
        assert counts == [("clean", 3), ("noise(symmetric, 0.2)", MOST_ROWS + 1)]
    assert {"unfinished", "unmeasured"}.isdisjoint(frames_across(within[:1]))


@pytest.mark.usefixtures("blank_figures")
def test_a_file_of_lost_trials_goes_when_none_are_lost_any_more(tmp_path: Path) -> None:
    for lost in (MOST_ROWS + 1, 0):
        results = torn(lost)
        write_report(results, analyse(results), tmp_path)
        kept = {path.name for path in tmp_path.iterdir() if path.stem == "unfinished"}
        assert kept == ({"unfinished.csv", "unfinished.parquet"} if lost else set())
    assert (tmp_path / "history.csv").exists()


def test_missing_values_of_own_metrics_are_counted_where_they_are_many() -> None:
    few, many = (
        replace(torn(0), unmeasured=tuple(("l1", seed, "mine", "raised") for seed in range(count)))
        for count in (MOST_ROWS, MOST_ROWS + 1)
    )
    assert (unmeasured(few), unmeasured_listed(few)) == (few.unmeasured, "")
    assert unmeasured(many) == [("l1", "201 seeds", "mine", "raised")]
    assert "unmeasured.csv" in unmeasured_listed(many)
    analysis = analyse(many)
    assert frames(many, analysis)["unmeasured"].height == MOST_ROWS + 1
    (shown,) = (x for x in blocks(many, analysis, ()) if isinstance(x, Table) and x.name == "unmeasured")
    assert shown.caption.count("unmeasured.csv lists them") == 1


def test_of_many_lost_seeds_a_loss_says_how_many() -> None:
    assert len(lost_sentences(torn(MANY_SEEDS), "l1")) == MANY_SEEDS
    assert lost_sentences(torn(MANY_SEEDS + 1), "l1") == ("31 seeds diverged.",)


def test_many_seeds_are_counted_among_the_settings() -> None:
    assert dict(recipe_rows(torn(0).study))["seeds"] == "220, all in study.yaml"
    assert dict(recipe_rows(torn(0, seeds=3).study))["seeds"] == "1, 2, 3"


def test_the_page_says_that_it_shows_where_seeds_lie_and_which_file_has_each() -> None:
    said = "Of a loss with more than 30 seeds the page shows where they lie; history.csv has every one."
    assert notes.numbers(torn(0)).endswith(said)
    assert said not in notes.numbers(torn(0, seeds=MANY_SEEDS))
