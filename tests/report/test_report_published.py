"""The section beside published numbers: one condition's, and that of the report above several."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lossbench.analysis import Within, analyse
from lossbench.published import Published, Reported, Setting
from lossbench.report import frames, frames_across, summary_text, write_report
from lossbench.report import sentences_published as say
from lossbench.report.blocks import blocks
from lossbench.report.document import Block, Bullets, Heading, Paragraph, Table
from lossbench.report.overview import write_overview
from lossbench.report.published_blocks import TITLE, published_blocks, published_section
from lossbench.results import Results
from lossbench.spec import PRESETS, Condition, LossSpec
from lossbench.text import plain
from synthetic import study

pytestmark = pytest.mark.usefixtures("blank_figures")


def repeated(preset: str, scenario: str = "clean", **changes: Any) -> Results:
    """Made-up results of a preset within one of its scenarios."""
    values = PRESETS[preset]
    made = study(losses=changes.pop("losses", values["losses"]), epochs=3, **{"seeds": 3, **changes})
    views = []
    for view in made.losses:
        spec = LossSpec.parse(view.label)
        views.append(dataclasses.replace(view, name=spec.name, hyperparameters=dict(spec.hyperparameters)))
    told = {**made.study, "published": preset, "scenarios": [scenario]}
    return dataclasses.replace(made, study=told, losses=tuple(views))


def text_of(found: list[Block]) -> str:
    """Everything but tables."""
    parts = [block.text if isinstance(block, Heading | Paragraph) else "" for block in found]
    parts += [item for block in found if isinstance(block, Bullets) for item in block.items]
    return plain(" ".join(parts))


def section(results: Results) -> list[Block]:
    return list(published_section(analyse(results)))


def table_of(found: list[Block]) -> Table:
    (table,) = [block for block in found if isinstance(block, Table)]
    return table


def test_every_number_stands_beside_its_own() -> None:
    results = repeated("active-passive", "noise(symmetric, 0.4)")
    table = table_of(section(results))
    assert [plain(row[0]) for row in table.rows] == list(results.labels)
    assert table.heads[1:3] == ("Published", "Here")
    first = table.rows[0]
    assert first[1] == "0.5846 ± 0.0021 (3)"
    estimate = analyse(results).estimate("cross_entropy")
    assert first[2] == f"{estimate.mean:.4f} ± {estimate.sd:.4f} (3)"
    assert float(first[3].replace("−", "-")) == pytest.approx((estimate.mean or 0) - 0.5846, abs=6e-5)
    assert {row[5] for row in table.rows} <= {"within", "outside"}


def test_the_source_is_told_and_what_differs() -> None:
    told = text_of(section(repeated("active-passive", "train_size(0.1)")))
    assert "NeurIPS 2024, table 2" in told
    assert "This is not the published setting: training data a share of 0.1 instead of all of it; model lenet5" in told
    assert "epochs 3 instead of 120" in told
    assert "nfl_rce: The code of Ma et al. holds the focusing factor" in told
    assert "not of the same setting" in table_of(section(repeated("active-passive"))).caption


def test_the_published_setting_is_told() -> None:
    analysis = analyse(repeated("active-passive"))
    assert analysis.published is not None
    same = dataclasses.replace(analysis, published=dataclasses.replace(analysis.published, differs=()))
    found = list(published_section(same))
    assert "This is the published setting, as far as the source names it" in text_of(found)
    assert "not of the same setting" not in table_of(found).caption


def test_the_order_is_told_with_its_pairs() -> None:
    accuracy = {"cross_entropy": 0.60, "nce_mae": 0.5, "nce_rce": 0.7}
    made = repeated("active-passive", "noise(symmetric, 0.4)", losses=list(accuracy), accuracy=accuracy)
    told = text_of(section(made))
    assert "In test accuracy the order of the 3 losses is not the published one (Kendall's tau 0.333)" in told
    assert "nce_mae is published as better than cross_entropy and came out worse" in told
    accuracy["nce_mae"] = 0.65
    made = repeated("active-passive", "noise(symmetric, 0.4)", losses=list(accuracy), accuracy=accuracy)
    assert "the 3 losses are ordered as published (Kendall's tau 1.000)" in text_of(section(made))


def test_agreement_is_counted() -> None:
    accuracy = {"cross_entropy": 0.5846, "nce_mae": 0.5}
    made = repeated("active-passive", "noise(symmetric, 0.4)", losses=list(accuracy), accuracy=accuracy, seeds=5)
    analysis = analyse(made)
    assert analysis.published is not None
    inside, outside = analysis.published.rows
    assert (inside.within, outside.within) == (True, False)
    told = text_of(list(published_section(analysis)))
    assert "Of 2 published numbers, 1 lies within the joint uncertainty of the difference and 1 lies outside" in told
    assert f"nce_mae is {-(outside.difference or 0):.4f} lower here" in told
    assert "one in twenty would lie outside all the same" in told


def test_one_seed_borrows_the_published_spread_and_says_so() -> None:
    found = section(repeated("active-passive", seeds=1))
    assert "the published standard deviation is taken for ours" in text_of(found)
    assert all(row[5].endswith(", by their spread") for row in table_of(found).rows)


def test_a_published_number_without_spread_is_taken_as_exact_and_says_so() -> None:
    found = section(repeated("long-tail", "imbalance(exponential, 100)"))
    assert "its number is taken as exact" in text_of(found)
    assert all(row[5].endswith(", by our spread") for row in table_of(found).rows)
    assert "one-vs-all, with a sigmoid per class" in text_of(found)


def test_without_any_spread_nothing_is_said() -> None:
    found = section(repeated("long-tail", "imbalance(exponential, 100)", seeds=1))
    assert "it cannot be said whether ours agree: no spread is known" in text_of(found)
    assert {row[4:] for row in table_of(found).rows} == {("–", "cannot be said")}


def test_several_metrics_have_a_column() -> None:
    table = table_of(section(repeated("calibration", "validation(0.1)", validation=10)))
    assert table.heads[1] == "Metric"
    assert len(table.rows) == 18
    assert {row[1] for row in table.rows} == {
        "test accuracy",
        "test calibration error",
        "test calibration error after temperature scaling",
    }


def test_the_course_reports_figures_did_not_survive() -> None:
    found = section(repeated("course-report"))
    assert "it has claims and no numbers" in text_of(found)
    assert not any(isinstance(block, Table) for block in found)


def test_a_scenario_without_published_numbers_says_so() -> None:
    found = section(repeated("active-passive", "noise(pair, 0.3)"))
    assert "The table has no number for these losses in this scenario." in text_of(found)
    assert not any(isinstance(block, Table) for block in found)


def test_what_was_read_second_hand_says_so() -> None:
    table = Published(
        "made", "Squares", "a paper", "Read in a review.", Setting("cifar10", 10_000, "mlp", {}), (),
        (Reported("clean", "mse", "test.accuracy", 0.9),),
    )  # fmt: skip
    found = analyse(repeated("active-passive")).published
    assert found is not None
    assert say.source(dataclasses.replace(found, table=table)) == "Squares. Source: a paper. Read in a review."


def test_a_study_without_a_table_has_no_section() -> None:
    made = study(seeds=2, epochs=2)
    assert section(made) == []
    assert "published" not in frames(made, analyse(made))
    assert TITLE not in [block.text for block in blocks(made, analyse(made), ()) if isinstance(block, Heading)]


def test_the_section_stands_in_every_form(tmp_path: Path) -> None:
    made = repeated("active-passive", "noise(symmetric, 0.4)")
    write_report(made, analyse(made), tmp_path, forms=("html", "md", "tex"))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f'<h2 id="published-h">{TITLE}</h2>' in page
    assert 'href="#published"' in page
    assert page.count("0.5846 ± 0.0021 (3)") == 1
    assert f"## {TITLE}" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "0.5846" in (tmp_path / "tables" / "published.tex").read_text(encoding="utf-8")
    table = pl.read_csv(tmp_path / "published.csv")
    assert table["loss_function"].to_list() == list(made.labels)
    assert table["published_mean"].to_list()[0] == 0.5846
    assert set(table["basis"]) == {"both"}
    assert all("epochs 3 instead of 120" in text for text in table["differs"])


def test_the_terminal_says_it() -> None:
    made = repeated("active-passive", "noise(symmetric, 0.4)")
    told = str(summary_text(made, analyse(made)))
    assert "Of 7 published numbers" in told
    assert "This is not the published setting" in told


@pytest.fixture
def several() -> tuple[Within, ...]:
    scenarios = ("clean", "noise(symmetric, 0.4)", "noise(pair, 0.3)")
    made = {scenario: repeated("active-passive", scenario) for scenario in scenarios}
    return tuple(Within(Condition("lenet5", name), table, analyse(table)) for name, table in made.items())


def test_one_table_over_all_conditions(several: tuple[Within, ...]) -> None:
    found = list(published_blocks(several[0].results.study, several))
    table = table_of(found)
    assert table.heads[:2] == ("Condition", "Loss")
    assert {plain(row[0]) for row in table.rows} == {"clean", "noise(symmetric, 0.4)"}
    assert len(table.rows) == 14
    told = text_of(found)
    assert "Of 14 published numbers" in told
    assert told.count("is not the published setting") == 1  # all conditions differ in the same
    assert "In noise(symmetric, 0.4), in test accuracy" in told


def test_conditions_that_differ_in_different_things_are_told_apart(several: tuple[Within, ...]) -> None:
    part = repeated("active-passive", "train_size(0.1) + noise(symmetric, 0.2)")
    joined = (*several, Within(Condition("lenet5", part.study["scenarios"][0]), part, analyse(part)))
    told = text_of(list(published_blocks(part.study, joined)))
    assert "In train_size(0.1) + noise(symmetric, 0.2) this is not the published setting: training data" in told
    assert "In clean and noise(symmetric, 0.4) this is not the published setting: model" in told


def test_without_a_table_there_is_nothing_over_conditions() -> None:
    made = study(seeds=2, epochs=2)
    assert list(published_blocks(made.study, [Within(Condition("lenet5", "clean"), made, analyse(made))])) == []


def test_the_report_above_the_conditions_has_it(several: tuple[Within, ...], tmp_path: Path) -> None:
    names = {item.condition: f"conditions/{place}" for place, item in enumerate(several)}
    page = write_overview(several[0].results.study, several, names, tmp_path)
    assert "NeurIPS 2024, table 2" in page.read_text(encoding="utf-8")
    assert frames_across(several)["published"].height == 14
    assert pl.read_csv(tmp_path / "published.csv")["scenario"].n_unique() == 2
