"""The page: whole, self-contained, and what people named stays text."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from lossbench.figures import draw, render_svg
from lossbench.report.formula import formula
from lossbench.report.inline import css_colors, inline_svg
from lossbench.report.page import page
from lossbench.report.pictures import data_uri, samples
from lossbench.results import Results
from synthetic import DOCUMENT, HOSTILE, analyse, study

VOID = {"meta", "img", "br", "hr", "link", "input"}
SVG = (
    '<svg xmlns="x" viewBox="0 0 600 300" class="marks"><g clip-path="url(#part0)" stroke="#0072b2" aria-hidden="true">'
    '<text fill="#1b1f23">fill="#1b1f23" &lt;</text></g><defs><clipPath id="part0"></clipPath></defs></svg>'
)


class Tree(HTMLParser):
    """Checks that every tag closes, and keeps what tests ask for."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[tuple[str, str]] = []  # type and content

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append((str(self.tags[-1][1].get("type")), data))
        else:
            self.text.append(data)


def written(results: Results, svgs: Mapping[int, str] | None = None) -> str:
    figures = draw(results, analyse(results))
    return page(results, analyse(results), figures, svgs or {figure.number: SVG for figure in figures})


def parsed(html: str) -> Tree:
    tree = Tree()
    tree.feed(html.replace("<wbr>", ""))  # where a name may break, which is no part of it
    tree.close()
    assert tree.open == []
    return tree


@pytest.fixture(scope="module")
def results() -> Results:
    status = {("l1", 2): ("diverged", 1, "<i>loss</i>"), ("cross_entropy", 1): ("missing", 0, "")}
    return study(seeds=3, epochs=3, status=status, provenance={"torch": ("2.12.0", "2.13.0"), "device": ("cpu",)})


@pytest.fixture(scope="module")
def html(results: Results) -> str:
    return written(results)


@pytest.fixture(scope="module")
def hostile() -> str:
    return written(
        study(
            losses=HOSTILE,
            seeds=2,
            epochs=2,
            status={(HOSTILE[0], 1): ("failed", 0, "<script>reason</script>\u202e")},
            classes=("<script>class</script>", "'\"", "\u05d0\u202e"),
            provenance={"<script>name</script>": ("<script>value</script>", "b")},
            name="<script>study</script>",
            data="/<script>/data",
        )
    )


def test_every_tag_closes_and_ids_are_unique(html: str) -> None:
    tree = parsed(html)
    ids = [attributes["id"] for _, attributes in tree.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    targets = {str(a["href"])[1:] for tag, a in tree.tags if tag == "a"}
    assert targets <= set(ids)


def test_nothing_is_loaded_from_anywhere(html: str) -> None:
    tree = parsed(html)
    for tag, attributes in tree.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "srcset", "data", "poster"):
            assert str(attributes.get(name, "#")).startswith(("#", "data:image/png;base64,"))
    styles = html[: html.index("<body")]
    assert re.findall(r"url\((?!#)", styles) == []
    assert "@import" not in html
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'" in styles


def test_headings_descend_one_by_one(html: str) -> None:
    levels = [int(tag[1]) for tag, _ in parsed(html).tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_sections_come_in_their_order(html: str) -> None:
    ids = ["answer", "losses", "curves", "final", "comparisons", "classes", "calibration", "cost", "run", "definitions"]
    places = [html.index(f'<section id="{name}"') for name in ids]
    assert places == sorted(places)


def test_every_figure_is_there_once_with_its_alternative(html: str) -> None:
    tree = parsed(html)
    assert sorted(int(str(a["id"])[7:]) for tag, a in tree.tags if tag == "figure") == list(range(1, 20))
    pictures = [a for tag, a in tree.tags if tag == "svg"]
    assert len(pictures) == 19
    assert all(a["role"] == "img" and a["aria-label"] for a in pictures)
    assert all(a.get("alt") for tag, a in tree.tags if tag == "img")


def test_the_page_says_what_went_wrong(html: str) -> None:
    text = " ".join(" ".join(parsed(html).text).split())
    assert "2 of 12 trials did not finish" in text
    assert "<i>loss</i>" in text
    assert "The trials differ in torch" in text
    assert "2 of 3; 1 diverged" in text
    assert "lossbench run study.yaml" in text


def test_the_page_without_failures_says_so() -> None:
    text = " ".join(parsed(written(study(losses=("l1",), seeds=1, epochs=2, samples=False))).text)
    assert "None: the one trial finished." in text
    assert "There is one loss only, so there is nothing to compare." in text


def test_first_gradients_stand_in_a_table_and_in_each_losss_section(html: str) -> None:
    text = " ".join(" ".join(parsed(html).text).split())
    assert "How long their first gradients are" in text
    assert "Learning rate that would make them equal cross_entropy 1.00 1.00 2 0.100 focal(gamma=0.5) 1.11" in text
    assert "At the first weights its gradient is the measure that every other loss's is held against." in text
    assert text.count("At the first weights its gradient is") == 4
    assert "history.csv, summary.csv, comparisons.csv, standings.csv and gradient_scale.csv" in text


def test_nothing_is_said_of_first_gradients_that_were_not_measured() -> None:
    norms = {(loss, 1): (1.0, None) for loss in DOCUMENT}
    text = " ".join(parsed(written(study(seeds=1, epochs=2, norms=norms))).text)
    said, _, rules = text.partition("How reasons are found")
    assert "first gradients are" not in said
    assert "At the first weights" not in said
    assert "At the first weights" in rules  # a rule that found nothing is listed all the same


def test_when_to_use_a_loss_is_said_where_somebody_says_it() -> None:
    text = " ".join(parsed(written(study(losses=("cross_entropy", "focal(gamma=2)"), seeds=1, epochs=2))).text)
    assert "the usual choice. Use it first, and as what everything else is held against." in re.sub(r"\s+", " ", text)
    assert text.count("Use it") == 1


def test_a_loss_of_the_users_own_has_no_empty_boxes_and_any_name() -> None:
    long = "my_package.robust_losses:a_loss_with_a_name_of_more_than_sixty_letters"
    labels = (f"{long}(alpha=2)", f"{long}(alpha=3)", "my:loss", "my_loss", "my:f1_per_epoch", "x:ranking-accuracy")
    results = study(losses=labels, seeds=1, epochs=2)
    purpose = "Imported as my:loss; its source has the digest 0123."
    bare: dict[str, Any] = dict.fromkeys(("formula", "reference"), "") | dict.fromkeys(("strengths", "weaknesses"), ())
    own = replace(results, losses=tuple(replace(view, purpose=purpose, **bare) for view in results.losses))
    html = written(own)
    losses = html[html.index('<section id="losses"') : html.index('<section id="curves"')]
    tree = parsed(losses)
    text = " ".join(tree.text)
    assert text.count(purpose) == len(labels)
    for absent in ("Source:", "Strengths", "Weaknesses", "Hyperparameters"):
        assert absent not in text
    assert not [a for _, a in tree.tags if a.get("aria-label") == "Formula"]
    assert not re.findall(r"<(p|ul|li|bdi|h\d|div)[^>]*>\s*</\1>", losses)
    for label in labels:
        assert f"Loss and accuracy per epoch with {label} ." in " ".join(text.split())


def test_names_in_tables_break_after_an_underscore(html: str) -> None:
    assert '<bdi class="name">cross_<wbr>entropy</bdi>' in html


def test_of_many_losses_the_page_compares_the_leader_and_points_at_the_rest() -> None:
    results = study(losses=[f"loss{k:02d}" for k in range(38)], seeds=2, epochs=2, metric="test.f1")
    html = written(results)
    tree = parsed(html)
    text = " ".join(" ".join(tree.text).split())
    leader = analyse(results).ranking[0]
    assert "all 703 pairs stand in comparisons.csv, and p-values are adjusted for all of them" in text
    assert "The 37 comparisons with the leader" in text
    section = html[html.index('<section id="comparisons"') : html.index('<section id="classes"')]
    assert "The first gradients of 38 losses" in text
    firsts = re.findall(r'<th scope="row" class="pair">.*?<bdi class="name">(.*?)</bdi>', section)
    assert firsts == [leader] * 37
    assert "In colour in the figures of all losses: the 4 best and the worst by test F1." in text
    keys = re.findall(
        r'class="key (k\d)"', html[html.index('<section id="answer"') : html.index('<section id="losses"')]
    )
    assert sorted(keys) == ["k0", "k1", "k2", "k3", "k4", *["k6"] * 33]


def test_of_a_few_losses_every_pair_is_compared(html: str) -> None:
    section = html[html.index('<section id="comparisons"') : html.index('<section id="classes"')]
    own, _, others = section.partition("<h3>In other metrics</h3>")
    assert own.count('<th scope="row" class="pair">') == 6
    assert others.count('<th scope="row" class="pair">') == 6 * others.count("<caption>")
    assert "Every pair of losses in test accuracy" in section
    assert "comparisons.csv" not in section
    assert "In colour" not in html


def test_huge_and_tiny_numbers_stay_short() -> None:
    results = study(losses=DOCUMENT[:2], seeds=2, epochs=2)
    huge = replace(results, history=results.history.with_columns(nll=pl.col("nll") * 1e15))
    text = " ".join(parsed(written(huge)).text)
    assert re.search(r"\d{12}", text) is None
    analysis = analyse(results)
    (pair,) = analysis.comparisons
    figures = draw(results, analysis)
    tie = replace(analysis, comparisons=(replace(pair, difference=5.6e-17),))
    assert '<td class="n">+0.000</td>' in page(results, tie, figures, {figure.number: SVG for figure in figures})


def test_hostile_names_are_text(hostile: str) -> None:
    tree = parsed(hostile)
    assert {kind for kind, _ in tree.scripts} == {"application/json", "text/plain", "None"}
    assert [kind for kind, _ in tree.scripts].count("None") == 1
    charts = [json.loads(content) for kind, content in tree.scripts if kind == "application/json"]
    assert any(HOSTILE[0] in str(chart["tables"]) for chart in charts)
    text = "".join(tree.text)
    for wanted in (*HOSTILE[:2], HOSTILE[3], "<script>class</script>", "<script>reason</script>", "/<script>/data"):
        assert wanted in text
    for wanted in ("<script>name</script>", "<script>value</script>", "<script>study</script>"):
        assert wanted in text


def test_overrides_of_direction_stay_inside_isolates(hostile: str) -> None:
    body = re.sub(r"<script.*?</script>", "", hostile.partition("<body")[2], flags=re.DOTALL)
    outside = re.sub(r"<bdi[^>]*>.*?</bdi>|<[^>]*>", "", body, flags=re.DOTALL)
    assert "\u202e" not in outside
    assert "\u2068" not in outside


def test_the_same_input_gives_the_same_page(results: Results, html: str) -> None:
    assert written(results) == html


def test_a_page_of_four_losses_stays_small() -> None:
    results = study(seeds=5, epochs=30)
    figures = draw(results, analyse(results))
    svgs = {figure.number: render_svg(figure) for figure in figures}
    assert len(page(results, analyse(results), figures, svgs).encode()) < 3_000_000


def test_light_and_dark_name_the_same_colours(html: str) -> None:
    light, dark = css_colors()
    assert light.keys() == dark.keys()
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", html)) - {"w"}
    assert used <= light.keys()


def test_text_and_lines_have_contrast() -> None:
    for colors in css_colors():
        ground = colors["paper"]
        for name in ("ink", "axis-text", "link"):
            assert _contrast(colors[name], ground) >= 4.5
        for name in ("axis", *(f"loss{index}" for index in range(7))):
            assert _contrast(colors[name], ground) >= 3
        assert _contrast(colors["ink"], _over(colors["heat"], ground, 0.65)) >= 4.5
        assert _contrast(colors["on-heat"], _over(colors["heat"], ground, 0.66)) >= 3


def test_an_inlined_svg_follows_the_page() -> None:
    results = study(losses=DOCUMENT[:1], seeds=1, epochs=2)
    figure = draw(results, analyse(results))[2]
    svg = inline_svg(figure, SVG)
    assert 'stroke="var(--loss0)"' in svg
    assert 'fill="var(--ink)"' in svg
    assert '>fill="#1b1f23" &lt;<' in svg
    assert 'id="f3-part0"' in svg
    assert 'clip-path="url(#f3-part0)"' in svg
    assert "aria-hidden" not in svg


def test_a_drawn_svg_has_no_colour_that_the_page_does_not_know() -> None:
    results = study(losses=DOCUMENT[:2], seeds=2, epochs=3)
    for figure in draw(results, analyse(results)):
        if figure.slug in {"final-accuracy", "training-l1", "confusion"}:
            markup = re.sub(r">[^<]*<", "><", inline_svg(figure, render_svg(figure)))
            assert set(re.findall(r'(?:fill|stroke)="(?!var|none|transparent)([^"]*)"', markup)) == set()


def test_formulas_become_mathml_or_stay_source(monkeypatch: pytest.MonkeyPatch) -> None:
    assert formula(r"\frac{1}{K} \sum_k |z_k|").startswith("<math aria-label=")
    for hostile in (r"\text{<script>}", r'\text{<mi onclick="x">a</mi>}', r"\text{<!-- }", r"\text{</section>}"):
        assert formula(hostile).startswith("<code class='tex'>")
        assert "<" not in formula(hostile)[18:-7]

    def broken(tex: str, display: str) -> str:
        raise IndexError

    monkeypatch.setattr("lossbench.report.formula.convert", broken)
    assert formula(r"<b>\frac") == r"<code class='tex'>&lt;b&gt;\frac</code>"


def test_samples_are_small_and_few() -> None:
    data = study(losses=("l1",), seeds=1, epochs=1, classes=[f"c{k}" for k in range(30)]).data
    made = samples(data)
    assert len(made) == 20
    assert all(len(item.uris) == 3 for item in made)
    big: Any = data.samples[0][0].repeat(20, axis=0).repeat(20, axis=1)
    assert len(data_uri(big)) < 20_000
    assert data_uri(big[..., :1]).startswith("data:image/png;base64,")


def _rgb(value: str) -> list[float]:
    return [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def _over(value: str, ground: str, opacity: float) -> str:
    mixed = [opacity * a + (1 - opacity) * b for a, b in zip(_rgb(value), _rgb(ground), strict=True)]
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)


def _contrast(one: str, other: str) -> float:
    def luminance(value: str) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _rgb(value)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
