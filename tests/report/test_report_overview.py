"""The report above a study's conditions: sentences from results, every form of it, links, and names that stay text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from across_makers import ENDS, LOSSES, condition, noisy
from lossbench.analysis import Finding, Within
from lossbench.analysis.across import across
from lossbench.figures import draw_across
from lossbench.report import across_text, write_overview
from lossbench.report.document import Block, Bullets, Heading, Paragraph, Picture, Table, Terms, Title
from lossbench.report.markdown import markdown
from lossbench.report.overview_blocks import overview_blocks
from lossbench.report.sentences_scenario import notes_across, scenario_notes
from lossbench.spec import TUNED, Condition, Study, slugs
from lossbench.text import plain
from synthetic import HOSTILE

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 30" width="60" height="30"><path d="M0 0h9"/></svg>'
CHOSEN = ("cross_entropy[lr=0.5]", "gce(q=0.5)", "mae[lr=1.0]")


def study(within: Sequence[Within], **changes: Any) -> Mapping[str, Any]:
    """The whole study as plain values."""
    conditions = [item.condition for item in within]
    values: dict[str, Any] = {
        "name": "noisy",
        "question": "Which loss survives?",
        "models": list(dict.fromkeys(item.model for item in conditions)),
        "scenarios": list(dict.fromkeys(item.scenario for item in conditions)),
        "losses": list(LOSSES),
        "seeds": 4,
    }
    return {**Study(**values).canonical(), **changes}


def folders(within: Sequence[Within]) -> dict[Condition, str]:
    return {key: f"conditions/{name}" for key, name in slugs([item.condition for item in within]).items()}


def blocks(within: Sequence[Within]) -> tuple[Block, ...]:
    whole = across(within)
    return overview_blocks(study(within), within, whole, draw_across(whole), folders(within))


def text(of: Sequence[Block]) -> str:
    return plain(markdown(of)).replace("`", "").replace("\\", "")


def sections(of: Sequence[Block]) -> list[str]:
    return [block.text for block in of if isinstance(block, Heading) and block.level == 1]


def table(of: Sequence[Block], name: str) -> Table:
    return next(block for block in of if isinstance(block, Table) and block.name == name)


@pytest.fixture(scope="module")
def noise() -> tuple[Within, ...]:
    return noisy()


@pytest.fixture(scope="module")
def made(noise: Sequence[Within]) -> tuple[Block, ...]:
    return blocks(noise)


@pytest.fixture(scope="module")
def retuned() -> tuple[Within, ...]:
    return (
        condition("mlp", "clean", (0.9, 0.8, 0.6)),
        condition("mlp", "clean", (0.9, 0.85, 0.95), TUNED, CHOSEN),
    )


def test_the_sections_are_those_that_the_study_has(made: Sequence[Block], retuned: Sequence[Within]) -> None:
    assert sections(made) == ["Along label noise", "Does the ranking carry over?", "What was run", "Definitions"]
    assert sections(blocks(retuned)) == ["Fixed and tuned", "What was run", "Definitions"]
    (terms,) = (block for block in blocks(retuned) if isinstance(block, Terms))
    assert "Crossing" not in dict(terms.items)


def test_every_figure_is_there_once_in_its_order(made: Sequence[Block]) -> None:
    assert [block.figure.number for block in made if isinstance(block, Picture)] == [1, 2, 3]


def test_the_answer_says_who_is_best_where_and_what_turns(noise: Sequence[Within]) -> None:
    said = " ".join(across_text(noise))
    assert "No loss is in the best set of all 6 conditions: gce(q=0.7) is in that of 4 and cross_entropy is" in said
    assert "The verdict on 1 of 3 pairs of losses turns round: cross_entropy is shown to be better than gce" in said
    assert "in mlp, clean, and worse in mlp, noise(symmetric, 0.2)" in said
    assert "gce(q=0.7) overtakes cross_entropy at 0.078" in said
    assert "The order of the losses' means is the same with every model." in said


def test_a_loss_that_is_best_everywhere_is_named() -> None:
    ends = {0.0: (0.9, 0.8, 0.7), 0.2: (0.9, 0.8, 0.7)}
    said = across_text(noisy(("mlp",), ends))
    assert said[0] == "cross_entropy alone is in the best set of both conditions."
    assert "No verdict turns round: who is shown to be better in one condition is shown to be worse in none." in said


def test_with_one_seed_there_is_no_best_set_and_no_verdict() -> None:
    made = [condition("mlp", scenario, (0.9, 0.8, 0.6), seeds=1) for scenario in ("clean", "noise(pair, 0.2)")]
    said = across_text(made)
    assert said[0] == "In no condition can a best set be given: there are too few seeds."
    assert said[1] == "Test accuracy is highest with cross_entropy in both."
    assert not any("turns" in sentence for sentence in said)


def test_without_a_finished_trial_nothing_is_said() -> None:
    lost = {(loss, seed): ("diverged", 0, "x") for loss in LOSSES for seed in range(1, 5)}
    made = [condition("mlp", scenario, (0.9, 0.8, 0.6), status=lost) for scenario in ("clean", "noise(pair, 0.2)")]
    assert across_text(made) == ("No trial finished in any condition, so nothing can be said yet.",)
    assert "no trial finished" in str(draw_across(across(made)).conditions.chart)
    assert table(blocks(made), "conditions").rows[0][1:] == ("–", "–", "–", "–", "0 of 12")


def test_the_table_of_conditions_leads_to_their_reports(made: Sequence[Block], noise: Sequence[Within]) -> None:
    found = table(made, "conditions")
    assert [plain(row[0]) for row in found.rows][:2] == ["mlp, clean", "mlp, noise(symmetric, 0.2)"]
    first = noise[0].analysis.estimate("cross_entropy")
    assert [plain(cell) for cell in found.rows[0][1:4]] == ["cross_entropy", "cross_entropy", f"{first.mean:.3f}"]
    assert found.link(1, "report.html") == "conditions/mlp-noise-symmetric-0.2/report.html"
    assert "[`mlp, clean`](conditions/mlp-clean/report.md)" in markdown(made)


def test_crossings_are_told_as_shown_or_as_seen(made: Sequence[Block]) -> None:
    shown = [block for block in made if isinstance(block, Bullets)]
    assert len(shown) == 2
    assert all("verdicts on both sides show that they change places" in plain(b.items[0]) for b in shown)
    level = noisy(("mlp",), {0.0: (0.9, 0.8, 0.7), 0.2: (0.9, 0.8, 0.7)})
    assert "From 0 to 0.2 no mean of a loss changes places with another's." in text(blocks(level))


def test_rankings_and_verdicts_are_held_against_each_other(made: Sequence[Block]) -> None:
    models, scenarios = table(made, "carried-models"), table(made, "carried-scenarios")
    assert [row[2:] for row in models.rows] == [("1.00", "3", "3", "0", "0", "3")] * 3
    assert [row[2:] for row in scenarios.rows] == [("0.33", "3", "2", "1", "0", "3")] * 4
    said = text(made)
    assert "Of 12 pairs of losses, each held against itself from scenario to scenario, 8 have the same winner" in said
    assert "better than gce(q=0.7) with clean, and worse with noise(symmetric, 0.2) (mlp and cnn)" in said


def test_fixed_and_tuned_stand_side_by_side(retuned: Sequence[Within]) -> None:
    made = blocks(retuned)
    gains = table(made, "tuned-1")
    assert [plain(row[1]) for row in gains.rows] == list(CHOSEN)
    changed = table(made, "verdicts-tuned-1")
    assert ("cross_entropy", "mae", "better", "worse") in [tuple(map(plain, row)) for row in changed.rows]
    before, after = (retuned[k].analysis.estimate(label).mean for k, label in enumerate(("mae", CHOSEN[2])))
    assert before is not None
    assert after is not None
    assert gains.rows[2][4] == f"+{after - before:.3f}"
    said = text(made)
    assert f"mae ({after - before:.3f})" in said
    assert "Tuning changes 2 of 3 verdicts, 2 of them from better to worse or back." in said


def test_hypotheses_are_told_by_condition(noise: Sequence[Within]) -> None:
    found = Finding("test.accuracy: highest mae", "contradicted", "It is not.")
    with_one = replace(noise[0], analysis=replace(noise[0].analysis, findings=(found,)))
    made = blocks([with_one, *noise[1:]])
    assert [tuple(map(plain, row)) for row in table(made, "hypotheses").rows] == [
        ("mlp, clean", "test.accuracy: highest mae", "contradicted", "It is not.")
    ]


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("train_size(0.1)", "Everything here is at 10 % of the training data (50,000 pictures)."),
        ("train_size(200)", "Everything here is at 200 training pictures, not all that there are."),
        ("validation(0.1, clean) + noise(pair, 0.2)", "The validation split has no label noise, which real noisy"),
        ("validation(0.1) + noise(pair, 0.2)", ""),
        ("clean", ""),
    ],
)
def test_what_must_be_known_of_a_scenario_is_said_in_its_report_and_above_it(scenario: str, said: str) -> None:
    item = condition("mlp", scenario, (0.5, 0.4), losses=LOSSES[:2], seeds=2, epochs=1)
    own = scenario_notes(item.results)
    assert [sentence.startswith(said) for sentence in own] == [True] * bool(said)
    above = " ".join(plain(sentence) for sentence in notes_across([item.results]))
    assert (scenario in above) == bool(said)


def test_a_part_of_the_data_is_a_note_of_the_overview() -> None:
    made = [condition("mlp", s, (0.5, 0.4), losses=LOSSES[:2], seeds=2, epochs=2) for s in ("train_size(0.1)", "clean")]
    notes = [plain(block.text) for block in blocks(made) if isinstance(block, Paragraph) and block.lead == "Note."]
    assert notes == [
        "Not every condition uses all of the training data: train_size(0.1) is at 10 % of the training data "
        "(50,000 pictures)."
    ]


@pytest.mark.usefixtures("blank_figures")
def test_every_form_is_written_with_its_tables(noise: Sequence[Within], tmp_path: Path) -> None:
    names = folders(noise)
    page = write_overview(study(noise), noise, names, tmp_path, forms=("html", "md", "pdf", "tex"))
    assert page == tmp_path / "report.html"
    for name in ("report.md", "report.pdf", "tables/conditions.tex", "figures/01-conditions.svg"):
        assert (tmp_path / name).exists(), name
    kept = pl.read_csv(tmp_path / "crossings.csv")
    assert kept.select("model", "a", "b", "shown").rows() == [
        (model, "cross_entropy", "gce(q=0.7)", True) for model in ("mlp", "cnn")
    ]
    assert pl.read_csv(tmp_path / "levels.csv").height == 2 * 3 * 3
    assert pl.read_csv(tmp_path / "carried.csv").height == 9
    assert not (tmp_path / "gains.csv").exists()
    assert json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8")) == []
    assert b"/URI(conditions/mlp-clean/report.pdf)" in (tmp_path / "report.pdf").read_bytes()
    recorded = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {
        "report.html",
        "report.pdf",
        "tables/conditions.tex",
        "figures/03-levels-noise-symmetric-cnn-fixed-clean.svg",
    } <= set(recorded)


@pytest.mark.usefixtures("blank_figures")
def test_the_same_results_give_the_same_bytes(noise: Sequence[Within], tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        write_overview(study(noise), noise, folders(noise), tmp_path / name, forms=("html", "md"))
        pages.append([(tmp_path / name / file).read_bytes() for file in ("report.html", "report.md", "levels.parquet")])
    assert pages[0] == pages[1]


@pytest.mark.usefixtures("blank_figures")
def test_the_page_has_every_table_and_link_and_no_host(noise: Sequence[Within], tmp_path: Path) -> None:
    page = write_overview(study(noise), noise, folders(noise), tmp_path).read_text(encoding="utf-8")
    body = page.partition('<script type="text/plain"')[0]
    assert re.findall(r'<a href="(conditions/[^"]+)"', body) == [f"{x}/report.html" for x in folders(noise).values()]
    assert re.findall(r"<h2 id=[^>]*>([^<]+)<", body) == ["Answer", *sections(blocks(noise))]
    assert body.count("<table>") == sum(isinstance(block, Table) for block in blocks(noise))
    assert body.count("<figure id=") == 3
    assert "http://" not in re.sub(r"http://www\.w3\.org/\S+", "", body)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', body)
    assert "default-src 'none'" in body
    chips = re.findall(r'<button type="button" class="chip" [^>]*data-loss="([^"]*)"', body)
    assert chips == ["gce(q=0.7)", "cross_entropy", "mae"]


@pytest.mark.usefixtures("blank_figures")
def test_hostile_names_are_text_everywhere(tmp_path: Path) -> None:
    losses = HOSTILE[:3]
    made = [
        condition("<b>m</b>|", scenario, values, losses=losses, seeds=3, name="<i>n</i>")
        for scenario, values in zip(("clean", "noise(pair, 0.2)"), (ENDS[0.0], ENDS[0.4]), strict=True)
    ]
    asked = study(made, name="<i>n</i>", question="<script>alert(1)</script>", losses=list(losses))
    write_overview(asked, made, folders(made), tmp_path, forms=("html", "md", "tex"))
    page = (tmp_path / "report.html").read_text(encoding="utf-8").partition('<script type="text/plain"')[0]
    assert "<script>alert" not in page
    assert "<i>n</i>" not in page
    assert "<b>m</b>" not in page
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;" in page
    for lines in re.findall(r"(?:^\|.*\|$\n?)+", (tmp_path / "report.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines.splitlines()}) == 1


def test_the_title_is_the_question(made: Sequence[Block]) -> None:
    title = made[0]
    assert isinstance(title, Title)
    assert (title.study, title.question) == ("noisy", "Which loss survives?")
