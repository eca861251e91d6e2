"""The report in a real browser: what readers click, and what they never see."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

from across_makers import LOSSES, noisy
from lossbench import Recipe, Results, Study, load, run
from lossbench.analysis import analyse
from lossbench.report import write_overview, write_report
from lossbench.spec import slugs
from synthetic import HOSTILE, study

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install the package chromium")

LABELS = ("l1", "cross_entropy", "focal(gamma=2)", "focal(gamma=0.5)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was really run, once for all processes of the suite."""
    shared = tmp_path_factory.getbasetemp().parent / f"browser-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    asked = Study(name="real", losses=LABELS, models=("mlp",), seeds=(1, 2), recipe=Recipe(epochs=4))
    with FileLock(f"{shared}.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "lossbench.report.write.render_png", lambda svg: b""
        )  # what lies beside the page is not looked at
        patch.setattr("lossbench.report.write.render_pdf", lambda svg: b"")
        if not (shared / "studies" / "real" / "report.html").exists():
            run(asked, save_dir=shared, executor="inline")
    return shared / "studies" / "real"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield opened
        opened.close()


class Reader:
    """A page that is read, and everything that it did unseen."""

    def __init__(self, context: BrowserContext, path: Path) -> None:
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.messages: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", self._note)
        self.page.goto(path.as_uri())

    def _note(self, dialog: Dialog) -> None:
        self.messages.append(dialog.message)
        dialog.dismiss()

    def draw_all(self) -> None:
        """Scrolls past every figure until it is drawn from its data."""
        self.page.wait_for_selector("#toolbar:not([hidden])")
        for figure in self.page.locator("figure[id]").all():
            figure.scroll_into_view_if_needed()
        self.page.wait_for_function("() => !document.querySelector('figure[id]:not([data-drawn])')")

    def figure(self, title: str) -> Any:
        return self.page.locator("figure[id]").filter(has_text=title).first


@pytest.fixture(scope="module")
def reader(browser: Browser, folder: Path) -> Iterator[Reader]:
    """The page as a reader at a desk has it; each test leaves it as it was."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    with context:
        opened = Reader(context, folder / "report.html")
        opened.draw_all()
        yield opened


def loaded(folder: Path) -> Results:
    results = load(folder)
    assert isinstance(results, Results)
    return results


def test_nothing_is_requested_and_nothing_is_complained_of(reader: Reader) -> None:
    assert len(reader.requests) == 1
    assert reader.messages == []
    assert reader.page.locator("figure[data-drawn]").count() == 19


def test_a_button_hides_its_loss_in_every_figure(reader: Reader) -> None:
    page = reader.page
    chip = page.get_by_role("button", name="l1", exact=True)
    curves, ranking = reader.figure("Accuracy per epoch, the losses"), reader.figure("Ranking by test accuracy")
    lines = curves.locator("svg .mark-line path, svg .mark-line line")
    before, rows = lines.count(), ranking.locator("svg .mark-symbol path").count()
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "false")
    expect(lines).to_have_count(before - 2)  # test and train
    assert ranking.locator("svg .mark-symbol path").count() < rows
    page.get_by_role("button", name="Show all").click()
    expect(lines).to_have_count(before)
    expect(chip).to_have_attribute("aria-pressed", "true")


def test_the_legend_of_a_figure_hides_a_loss_too(reader: Reader) -> None:
    page = reader.page
    figure = reader.figure("Accuracy per epoch, the losses")
    figure.locator(".role-legend-label text", has_text="cross_entropy").click()
    chip = page.get_by_role("button", name="cross_entropy", exact=True)
    expect(chip).to_have_attribute("aria-pressed", "false")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")


def test_a_button_under_the_pointer_sets_its_loss_off(reader: Reader) -> None:
    page = reader.page
    figure = reader.figure("Recall per epoch, the losses")
    faint = figure.locator("svg .mark-line path[stroke-opacity='0.1']")
    page.mouse.move(640, 300)
    expect(faint).to_have_count(0)
    page.get_by_role("button", name="l1", exact=True).hover()
    expect(faint).to_have_count(6)  # three other losses, test and train
    page.mouse.move(640, 300)
    expect(faint).to_have_count(0)


def test_values_are_told_under_the_pointer(reader: Reader, folder: Path) -> None:
    figure = reader.figure("Ranking by test accuracy")
    figure.scroll_into_view_if_needed()
    reader.page.wait_for_timeout(200)  # scrolling hides what was told
    figure.locator("svg .mark-symbol.role-mark path").last.hover(force=True)
    expect(reader.page.locator("#tip")).to_be_visible()
    told = reader.page.locator("#tip").inner_text()
    label = re.search(r"^loss\s+(\S+)$", told, re.MULTILINE)
    value = re.search(r"test accuracy\s+([\d.]+)|value\s+([\d.]+)", told)
    assert label is not None
    assert value is not None
    known = analyse(loaded(folder)).estimate(label[1])
    assert known.mean is not None
    assert min(abs(float(value[1] or value[2]) - each) for each in (*known.values, known.mean)) < 1e-4
    reader.page.mouse.move(5, 5)


def test_the_slider_moves_the_curve_onto_focal_loss(reader: Reader) -> None:
    figure = reader.figure("Definition of focal")
    slider = figure.locator("input[type=range]")

    def curves() -> list[str]:
        reader.page.wait_for_timeout(200)
        return [str(path.get_attribute("d")) for path in figure.locator("svg .mark-line.role-mark path").all()]

    first = curves()
    slider.fill("3.5")
    assert figure.locator("output").inner_text() == "3.5"
    second = curves()
    assert len(first) == len(second) == 3 * 4
    assert sum(a != b for a, b in zip(first, second, strict=True)) == 4  # the moved curve in each panel
    slider.fill("2")
    points = [[float(number) for number in re.findall(r"-?[\d.]+", curve)] for curve in curves()]
    alike = [
        a
        for a, b in combinations(points, 2)
        if len(a) == len(b) and max(abs(x - y) for x, y in zip(a, b, strict=True)) < 0.1
    ]
    assert len(alike) == 4  # in each panel it lies upon focal(gamma=2)


def test_another_metric_can_be_ranked_by(reader: Reader, folder: Path) -> None:
    figure = reader.figure("Ranking by test accuracy")
    figure.locator("select").select_option("test.f1")
    for label in LABELS:
        mean = analyse(loaded(folder)).estimate(label, "f1").mean
        expect(figure.locator("svg")).to_contain_text(f"{mean:.3f}")
    assert "test F1" in str(figure.locator("svg").get_attribute("aria-label"))
    figure.locator("select").select_option("test.accuracy")


def test_epochs_can_be_zoomed(reader: Reader) -> None:
    page = reader.page
    figure = reader.figure("Accuracy per epoch, the losses")
    first, last = page.get_by_label("First epoch shown"), page.get_by_label("Last epoch shown")
    labels = figure.locator("svg .role-axis-label text")
    expect(labels.filter(has_text=re.compile("^2$"))).to_have_count(2)
    first.fill("3")
    expect(labels.filter(has_text=re.compile("^[12]$"))).to_have_count(0)
    assert "3" in labels.all_text_contents()
    last.fill("2")  # before the first: is marked, and changes nothing
    assert last.get_attribute("aria-invalid") == "true"
    page.get_by_role("button", name="Show all").click()
    expect(labels.filter(has_text=re.compile("^2$"))).to_have_count(2)
    assert (first.input_value(), last.input_value()) == ("1", "4")


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_scrolls_one_way_only(browser: Browser, folder: Path, script: bool) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=script) as context:
        opened = Reader(context, folder / "report.html")
        if script:
            opened.draw_all()
            wide = opened.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert wide[0] <= wide[1]
            assert opened.messages == []
        box = opened.page.locator("main").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 360
        assert opened.page.locator("figure svg").count() == 19


def test_without_javascript_there_are_pictures_and_no_controls(browser: Browser, folder: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        opened = Reader(context, folder / "report.html")
        assert opened.page.locator("figure svg").count() == 19
        assert not opened.page.locator("#toolbar").is_visible()
        assert not any(control.is_visible() for control in opened.page.locator(".controls").all())
        assert len(opened.requests) == 1


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_an_accessibility_check_finds_nothing_serious(browser: Browser, folder: Path, scheme: Any, width: int) -> None:
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        opened = Reader(context, folder / "report.html")
        opened.draw_all()
        opened.page.evaluate("() => { for (const closed of document.querySelectorAll('details')) closed.open = true; }")
        opened.page.evaluate(axe)
        # not inside the pictures, which have an alternative as a whole; that they have one is checked
        found = opened.page.evaluate("() => axe.run({ exclude: ['figure svg > *'] })")
    assert len(found["passes"]) > 20
    serious = [item for item in found["violations"] if item["impact"] in ("serious", "critical")]
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in serious] == []


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossbench.report.write.render_png", lambda svg: b"")
    monkeypatch.setattr("lossbench.report.write.render_pdf", lambda svg: b"")
    results = study(
        losses=(*HOSTILE, "</script><script>alert(2)</script>", "constructor", "__proto__"),
        seeds=2,
        epochs=2,
        classes=("<img src=x onerror=alert(3)>", "'\"", "\u05d0\u202e", "x" * 200),
        name="<script>alert(4)</script>",
    )
    page = write_report(results, analyse(results), tmp_path)
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        opened = Reader(context, page)
        opened.draw_all()
        assert opened.messages == []
        assert len(opened.requests) == 1
        chip = opened.page.locator("button.chip").first
        chip.click()
        assert chip.get_attribute("aria-pressed") == "false"
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 1280
        shown = opened.page.locator("main").inner_text()
        assert '<script>alert("1")</script>' in shown
        assert "<img src=x onerror=alert(3)>" in shown


@pytest.fixture(scope="module")
def overview(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report above two models at three rates of noise."""
    within, folder = noisy(), tmp_path_factory.mktemp("overview")
    names = {key: f"conditions/{name}" for key, name in slugs([item.condition for item in within]).items()}
    study = {**Study(name="noisy", models=["mlp", "cnn"], losses=list(LOSSES)).canonical(), "question": "Which one?"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossbench.report.write.render_png", lambda svg: b"")
        patch.setattr("lossbench.report.write.render_pdf", lambda svg: b"")
        return write_overview(study, within, names, folder)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_overview_asks_for_nothing_and_is_accessible(
    browser: Browser, overview: Path, scheme: Any, width: int
) -> None:
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        opened = Reader(context, overview)
        opened.draw_all()
        wide = opened.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1]
        opened.page.evaluate(axe)
        found = opened.page.evaluate("() => axe.run({ exclude: ['figure svg > *'] })")
        assert opened.messages == []
        assert len(opened.requests) == 1
    serious = [item for item in found["violations"] if item["impact"] in ("serious", "critical")]
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in serious] == []


def test_a_button_hides_its_loss_along_every_series(browser: Browser, overview: Path) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        opened = Reader(context, overview)
        opened.draw_all()
        for model in ("mlp", "cnn"):
            lines = opened.figure(f"rate of symmetric label noise, {model}").locator("svg .mark-line.role-mark path")
            expect(lines).to_have_count(3)
            opened.page.get_by_role("button", name="mae", exact=True).click()
            expect(lines).to_have_count(2)
            opened.page.get_by_role("button", name="Show all").click()
            expect(lines).to_have_count(3)


def test_the_overview_leads_to_the_conditions_and_needs_no_javascript(browser: Browser, overview: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        opened = Reader(context, overview)
        assert opened.page.locator("figure svg").count() == 3
        assert not opened.page.locator("#toolbar").is_visible()
        target = overview.parent / "conditions" / "cnn-noise-symmetric-0.2" / "report.html"
        target.parent.mkdir(parents=True)
        target.write_text("<title>its own</title>", encoding="utf-8")
        opened.page.get_by_role("link", name="cnn, noise(symmetric, 0.2)").click()
        expect(opened.page).to_have_title("its own")
