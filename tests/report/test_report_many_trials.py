"""A page of very many trials names none of them: it counts, and says in which file they stand."""

from __future__ import annotations

from dataclasses import replace

from lossbench.figures import draw
from lossbench.report import notes
from lossbench.report.blocks import blocks
from lossbench.report.document import Table
from lossbench.report.sentences_loss import lost_sentences
from lossbench.report.sentences_run import recipe_rows
from lossbench.report.tables import frames
from lossbench.report.trials_lost import unfinished, unfinished_caption, unmeasured, unmeasured_listed
from lossbench.results import Results
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


def test_missing_values_of_own_metrics_are_counted_where_they_are_many() -> None:
    few, many = (
        replace(torn(0), unmeasured=tuple(("l1", seed, "mine", "raised") for seed in range(count)))
        for count in (MOST_ROWS, MOST_ROWS + 1)
    )
    assert (unmeasured(few), unmeasured_listed(few)) == (few.unmeasured, "")
    assert unmeasured(many) == [("l1", "201 seeds", "mine", "raised")]
    assert "unmeasured.csv" in unmeasured_listed(many)
    assert frames(many, analyse(many))["unmeasured"].height == MOST_ROWS + 1


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
