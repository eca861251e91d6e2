"""The gallery's page leads to reports that are there, says what their results say, and asks no host for anything."""

from __future__ import annotations

from pathlib import Path

import pytest

import lossbench
from lossbench.api import executors
from lossbench.run import Inline
from tools.docs.check import complaints
from tools.gallery import thumbnail as pictures
from tools.gallery.__main__ import gallery
from tools.gallery.page import Card, page
from tools.gallery.studies import STUDIES

TINY = {"models": ["mlp"], "losses": ["cross_entropy", "mae"], "seeds": 2, "recipe": {"epochs": 1}}


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "make_executor", lambda name, workers=None, **options: Inline())
    monkeypatch.setattr("shutil.which", lambda name: None)


@pytest.mark.usefixtures("_quick", "blank_figures")
def test_every_report_is_there_and_its_sentence_is_computed(tmp_path: Path) -> None:
    one = lossbench.Study(name="one", question="Which?", **TINY)
    several = lossbench.Study(name="several", scenarios=["clean", "noise(symmetric, 0.4)"], **TINY)
    index = gallery(tmp_path, [one, several])
    text = index.read_text(encoding="utf-8")
    results = lossbench.load(tmp_path / "log/studies/one")
    assert isinstance(results, lossbench.Results)
    assert results.answer.sentences[0] in text
    for place in ("log/studies/one", "log/studies/several", "from-elsewhere"):
        assert (tmp_path / place / "report.html").exists()
        assert f'href="{place}/report.html"' in text
    assert "Test accuracy is highest with smooth" in text
    assert "4 trials" in text
    assert "8 trials" in text
    assert [words for words in complaints(tmp_path) if words.startswith("index.html")] == []


def test_its_studies_show_what_the_gallery_is_for() -> None:
    assert len({study.name for study in STUDIES}) == len(STUDIES)
    assert any(len(study.scenarios) > 1 for study in STUDIES)
    assert any("imbalance" in scenario for study in STUDIES for scenario in study.scenarios)
    assert all(study.data == "digits" for study in STUDIES)  # nothing is downloaded


def test_text_of_a_study_is_no_markup() -> None:
    shown = page([Card("<b>", "a & b?", "<i>", "r.html", None, "x")], "<u>")
    assert "<b>" not in shown
    assert "<u>" not in shown
    assert "a &amp; b?" in shown


def test_a_browser_that_fails_leaves_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/nonexistent/chromium")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/01-a.svg").write_text("<svg/>")
    found = pictures.thumbnail(tmp_path / "report.html", tmp_path / "small")
    assert found is not None
    assert found.read_text() == "<svg/>"


def test_without_browser_and_figure_there_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert pictures.thumbnail(tmp_path / "report.html", tmp_path / "small") is None
