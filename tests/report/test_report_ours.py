"""A report removes and renews only what a report wrote: a paper's own files beside it are safe."""

import json
from pathlib import Path

import pytest

from lossbench.errors import RequestError
from lossbench.report import write_report
from lossbench.report.ours import RECORD, record, written_before
from lossbench.results import Results
from synthetic import analyse, study

PRECIOUS = ("report.pdf", "report.md", "tables/mine.tex", "figures/01-setup.pdf", "figures/99-photo.png")


@pytest.fixture(scope="module")
def results() -> Results:
    return study(losses=("l1",), seeds=2, epochs=2)


@pytest.mark.usefixtures("blank_figures")
def test_a_papers_own_files_are_left_alone(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PRECIOUS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    write_report(results, analyse(results), tmp_path, forms=("tex",))
    monkeypatch.setattr("lossbench.report.write.can_write_pdf", lambda: False)
    write_report(results, analyse(results), tmp_path)
    assert {(tmp_path / name).read_text() for name in PRECIOUS} == {"mine"}


@pytest.mark.usefixtures("blank_figures")
def test_a_pdf_of_an_earlier_report_goes_when_it_cannot_be_renewed(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.pdf").write_text("of an earlier report")
    record(tmp_path, ["report.pdf"])
    monkeypatch.setattr("lossbench.report.write.can_write_pdf", lambda: False)
    write_report(results, analyse(results), tmp_path)
    assert not (tmp_path / "report.pdf").exists()


def test_a_record_names_no_file_but_a_reports(tmp_path: Path) -> None:
    foreign = ["../report.html", "/etc/passwd", "study.yaml", "figures/../01-a.svg", "tables/../../x.tex", 3, None]
    (tmp_path / RECORD).write_text(json.dumps([*foreign, "figures/01-a.vl.json", "tables/cost.tex", "report.md"]))
    assert written_before(tmp_path) == {"figures/01-a.vl.json", "tables/cost.tex", "report.md"}


@pytest.mark.parametrize("damaged", ["", "{", '"report.md"', "{}", "\udcff"])
def test_a_damaged_record_names_nothing(tmp_path: Path, damaged: str) -> None:
    (tmp_path / RECORD).write_bytes(damaged.encode("utf-8", "surrogateescape"))
    assert written_before(tmp_path) == frozenset()
    assert written_before(tmp_path / "nowhere") == frozenset()


@pytest.mark.parametrize("forms", [(), ("doc",), ("html", "doc"), "html"])
def test_an_unknown_form_is_refused_before_anything_is_written(
    results: Results, tmp_path: Path, forms: tuple[str, ...]
) -> None:
    with pytest.raises(RequestError, match="forms: expected some of html, md, pdf and tex, got"):
        write_report(results, analyse(results), tmp_path / "out", forms=forms)
    assert not (tmp_path / "out").exists()
