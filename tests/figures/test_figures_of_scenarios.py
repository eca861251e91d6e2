"""What label noise and unequal classes add to a condition's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import polars as pl
import pytest
from scipy import stats

from lossbench.analysis import Analysis, analyse
from lossbench.figures import Figure, draw
from lossbench.report.blocks import blocks
from lossbench.report.document import Heading, Picture
from lossbench.report.page import page
from lossbench.report.sentences_wrong_labels import shot_sentences, wrong_label_sentences
from lossbench.results import SCENARIO_COLUMNS, Results
from lossbench.text import plain
from synthetic import study

LOSSES = ("cross_entropy", "nce_rce")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 30" width="60" height="30"><path d="M0 0h9"/></svg>'


def filled(values: Mapping[str, Mapping[str, float]], split: str, seeds: int = 3) -> Results:
    """Results with columns that only some scenarios have: the last value by loss and column, 0.01 more per seed."""
    made = study(losses=LOSSES, seeds=seeds, epochs=3, samples=False)
    rows = []
    for row in made.history.iter_rows(named=True):
        own = values[row["loss_function"]] if row["split"] == split else {}
        cells = {name: value * row["epoch"] / 3 + 0.01 * row["seed"] for name, value in own.items()}
        rows.append({**row, **dict.fromkeys(SCENARIO_COLUMNS), **cells})
    schema: dict[str, Any] = {**made.history.schema, **dict.fromkeys(SCENARIO_COLUMNS, pl.Float64)}
    counts = (5000, 3000, 2000, 1000, 800, 500, 300, 200, 100, 50)
    data = replace(made.data, train=10_000, mislabelled=4000, class_counts=counts)
    return replace(made, history=pl.DataFrame(rows, schema=schema), data=data)


@pytest.fixture(scope="module")
def wrong() -> Results:
    shares = ({"memorised": 0.6, "corrected": 0.2}, {"memorised": 0.06, "corrected": 0.7})
    return filled(dict(zip(LOSSES, shares, strict=True)), "train")


@pytest.fixture(scope="module")
def unequal() -> Results:
    recalls = ({"many": 0.9, "medium": 0.6, "few": 0.2}, {"many": 0.8, "medium": 0.65, "few": 0.45})
    return filled(dict(zip(LOSSES, recalls, strict=True)), "test")


def figures_of(results: Results) -> tuple[dict[str, Figure], Analysis]:
    analysis = analyse(results)
    return {figure.slug: figure for figure in draw(results, analysis) if figure.loss is None}, analysis


def test_a_study_without_them_has_the_same_figures_as_before(wrong: Results) -> None:
    plainly = study(losses=LOSSES, seeds=3, epochs=3, samples=False)
    before = [(figure.number, figure.slug) for figure in draw(plainly, analyse(plainly))]
    after = [(figure.number, figure.slug) for figure in draw(wrong, analyse(wrong))]
    assert after[: len(before)] == before
    assert [slug for _, slug in after[len(before) :]] == ["memorised"]


def test_what_was_memorised_is_drawn_per_epoch(wrong: Results) -> None:
    drawn, _ = figures_of(wrong)
    table = drawn["memorised"].table
    row = table.filter(loss_function="nce_rce", metric="memorised", epoch=3)
    assert row["value"].item() == pytest.approx(0.06 + 0.01 * np.mean([1, 2, 3]))
    assert set(table["metric"]) == {"memorised", "corrected"}
    alt.Chart.from_dict(dict(drawn["memorised"].chart))


def test_the_last_recalls_have_t_intervals_and_groups_are_told_by_size(unequal: Results) -> None:
    drawn, _ = figures_of(unequal)
    row = drawn["shots"].table.filter(loss_function="cross_entropy", group="few").to_dicts()[0]
    values = 0.2 + 0.01 * np.array([1, 2, 3])
    half = stats.t.ppf(0.975, 2) * values.std(ddof=1) / np.sqrt(3)
    assert (row["low"], row["high"]) == pytest.approx((values.mean() - half, values.mean() + half))
    assert "few-shot are the" in drawn["shots"].caption
    assert "100 to 50 training pictures" in drawn["shots"].caption or "200 to 50" in drawn["shots"].caption
    assert set(drawn["shots-per-epoch"].table["metric"]) == {"many", "medium", "few"}
    alt.Chart.from_dict(dict(drawn["shots"].chart))


def test_sentences_name_who_memorised_most_and_least(wrong: Results, unequal: Results) -> None:
    said = [plain(sentence) for sentence in wrong_label_sentences(wrong, analyse(wrong))]
    lead = "At the last epoch"
    assert said == [
        "Of 10,000 training pictures, 4,000 (40 %) have a wrong label at the first seed.",
        f"{lead} cross_entropy memorised 0.620 of the wrong labels, most of all, and nce_rce 0.080, the least.",
        f"{lead} nce_rce corrected 0.720 of the wrong labels, most of all, and cross_entropy 0.220, the least.",
    ]
    of_shots = [plain(sentence) for sentence in shot_sentences(analyse(unequal))]
    assert of_shots[0].startswith("At the last epoch nce_rce finds 0.470 of the pictures of few-shot classes, most")
    assert "With cross_entropy, the leader, mean recall is 0.920 on many-shot classes and 0.220 on few" in of_shots[1]
    assert wrong_label_sentences(unequal, analyse(unequal))[1:] == ()
    assert shot_sentences(analyse(wrong)) == ()


@pytest.mark.parametrize("name", ["wrong", "unequal"])
def test_page_and_blocks_have_the_same_sections(name: str, request: pytest.FixtureRequest) -> None:
    results: Results = request.getfixturevalue(name)
    drawn, analysis = figures_of(results)
    every = draw(results, analysis)
    made = blocks(results, analysis, every)
    titles = [block.text for block in made if isinstance(block, Heading)]
    title = {"wrong": "Wrong labels", "unequal": "Frequent and rare classes"}[name]
    assert titles.count(title) == 1
    assert sorted(block.figure.number for block in made if isinstance(block, Picture)) == [f.number for f in every]
    html = page(results, analysis, every, {figure.number: SVG for figure in every}, pictures=False)
    assert f">{title}</h2>" in html
    assert f">{title}</a>" in html
    shown = [figure for slug, figure in drawn.items() if slug in ("memorised", "shots", "shots-per-epoch")]
    assert all(f'<figure id="figure-{figure.number}">' in html for figure in shown)
