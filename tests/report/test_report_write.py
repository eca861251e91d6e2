"""The report's folder."""

from pathlib import Path

import pytest

from lossbench.errors import SaveDirError
from lossbench.report import write_report
from lossbench.report.ours import record
from lossbench.results import Results
from synthetic import analyse, study


@pytest.fixture(scope="module")
def results() -> Results:
    return study(losses=("l1",), seeds=2, epochs=3)


@pytest.fixture(scope="module")
def folder(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "deep" / "name"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "99-training-gone.svg").write_text("of an earlier, larger study")
    (folder / "figures" / "99-training-gone.png").write_text("of an earlier, larger study")
    record(folder, ["figures/99-training-gone.svg", "figures/99-training-gone.png"])
    (folder / "figures" / "mine.svg").write_text("the user's")
    (folder / "figures" / "98-mine.png").write_text("the user's")
    (folder / "study.yaml").write_text("kept")
    assert write_report(results, analyse(results), folder) == folder / "report.html"
    return folder


def test_everything_is_there_and_nothing_half_written(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "comparisons.csv",
        "comparisons.parquet",
        "figures",
        "gradient_scale.csv",
        "gradient_scale.parquet",
        "history.csv",
        "history.parquet",
        "report.html",
        "report.json",
        "standings.csv",
        "standings.parquet",
        "study.yaml",
        "summary.csv",
        "summary.parquet",
        "verdicts.json",
        "verdicts.parquet",
    ]
    names = sorted(path.name for path in (folder / "figures").iterdir())
    assert len(names) == 4 * 13 + 2
    assert [name.partition(".")[2] for name in names[:4]] == ["pdf", "png", "svg", "vl.json"]


def test_stale_figures_go_and_the_users_files_stay(folder: Path) -> None:
    assert not list((folder / "figures").glob("99-*"))
    assert (folder / "figures" / "mine.svg").read_text() == "the user's"
    assert (folder / "figures" / "98-mine.png").read_text() == "the user's"


def test_a_second_report_has_the_same_bytes(results: Results, folder: Path) -> None:
    def contents() -> dict[str, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        # the renderer puts the fonts of a figure's PDF into any order
        return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.suffix != ".pdf"}

    before = contents()
    write_report(results, analyse(results), folder)
    assert contents() == before


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(results: Results, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SaveDirError, match=r"save dir: expected a folder that can be written, got .*file"):
        write_report(results, analyse(results), tmp_path / "file")


def test_a_full_disk_leaves_the_old_page_and_is_said(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("old")

    def full(path: Path, content: bytes | str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lossbench.report.write.write_atomically", full)
    with pytest.raises(SaveDirError, match="No space left on device"):
        write_report(results, analyse(results), tmp_path)
    assert (tmp_path / "report.html").read_text() == "old"
