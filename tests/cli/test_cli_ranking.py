"""The ranking in the terminal, with curves where there is room; and the report opened in the browser."""

from __future__ import annotations

import io
import webbrowser
from pathlib import Path

import pytest
from rich.console import Console

import synthetic
from cli_runner import Runner
from lossbench.analysis import Within
from lossbench.cli.ranking import curve_by_loss, ranking
from lossbench.cli.sparkline import sparkline
from lossbench.report import summary_text
from lossbench.results import Results
from lossbench.spec import Condition

CURVES = "▁▂▃▄▅▆▇█"


def printed(results: Results, width: int, encoding: str = "utf-8") -> list[str]:
    """The lines of the table in a console of a width, not a terminal."""
    analysis = synthetic.analyse(results)
    written = io.BytesIO()
    console = Console(file=io.TextIOWrapper(written, encoding=encoding, write_through=True), width=width)
    console.print(ranking(console, summary_text(results, analysis), *curve_by_loss(results, analysis)))
    lines = written.getvalue().decode(encoding).splitlines()
    assert max(map(len, lines)) <= width
    return lines


def test_a_roomy_terminal_says_what_the_curves_show() -> None:
    head, *rows = printed(synthetic.study(), 120)
    assert head.rstrip().endswith("test accuracy, epochs 1 to 30")
    assert [row.split()[0] for row in rows] == ["cross_entropy", "focal(gamma=0.5)", "focal(gamma=2)", "l1"]
    assert all(len(row.split()[-1]) == 30 and set(row.split()[-1]) <= set(CURVES) for row in rows)


def test_all_losses_have_one_scale() -> None:
    results = synthetic.study()
    epochs, curves = curve_by_loss(results, synthetic.analyse(results))
    assert epochs == list(range(1, 31))
    known = [value for values in curves.values() for value in values if value is not None]
    rows = {row.split()[0]: row.split()[-1] for row in printed(results, 120)[1:]}
    assert rows == {loss: sparkline(values, min(known), max(known), 30) for loss, values in curves.items()}
    assert rows["l1"] == "▁" * 30


def test_less_room_takes_fewer_words_and_less_curve_then_none() -> None:
    middle = printed(synthetic.study(), 80)
    assert "epochs" in middle[0] + middle[1]
    assert "1 to 30" in middle[0] + middle[1]
    assert set(middle[2].split()[-1]) <= set(CURVES)
    for line in printed(synthetic.study(), 56):
        assert not set(line) & set(CURVES)


def test_no_curve_without_the_blocks_and_none_of_one_epoch() -> None:
    assert printed(synthetic.study(), 120, "latin-1")[0].rstrip().endswith("seeds")
    assert printed(synthetic.study(epochs=1), 120)[0].rstrip().endswith("seeds")


def test_only_finished_seeds_are_in_a_curve() -> None:
    ended = {("l1", seed): ("diverged", 7, "not finite") for seed in range(1, 6)}
    results = synthetic.study(status=ended)
    _, curves = curve_by_loss(results, synthetic.analyse(results))
    assert curves["l1"] == [None] * 30
    row = next(line for line in printed(results, 120) if line.startswith("l1"))
    assert not set(row) & set(CURVES)


def test_labels_are_text() -> None:
    hostile = ("[red]a[/red]", "<script>b</script>")
    lines = printed(synthetic.study(losses=hostile, seeds=2), 120)
    assert {line.split()[0] for line in lines[1:]} == set(hostile)


@pytest.mark.parametrize(
    ("opens", "said"), [(True, ""), (False, "no browser could be opened; open that file yourself\n")]
)
def test_report_opens_in_the_browser(
    lossbench: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: bool, said: str
) -> None:
    results, page, opened = synthetic.study(seeds=2, epochs=2), tmp_path / "a folder" / "report.html", []

    def browser(url: str) -> bool:
        opened.append(url)
        return opens

    monkeypatch.setattr(webbrowser, "open", browser)
    answer = ((Within(Condition("lenet5", "clean"), results, synthetic.analyse(results)),), page)
    monkeypatch.setattr("lossbench.api.reading.report", lambda *_, **__: answer)
    done = lossbench("report", "log", "--open")
    assert (done.code, opened) == (0, [page.as_uri()])
    assert done.out.endswith(f"report: {page}\n{said}")
    assert lossbench("report", "log").code == 0
    assert len(opened) == 1


def test_a_browser_that_fails_is_no_error(lossbench: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def browser(url: str) -> bool:
        raise webbrowser.Error(url)

    results = synthetic.study(seeds=2, epochs=2)
    within = Within(Condition("lenet5", "clean"), results, synthetic.analyse(results))
    answer = ((within,), tmp_path / "report.html")
    monkeypatch.setattr(webbrowser, "open", browser)
    monkeypatch.setattr("lossbench.api.reading.report", lambda *_, **__: answer)
    done = lossbench("report", "log", "--open")
    assert (done.code, done.out.splitlines()[-1]) == (0, "no browser could be opened; open that file yourself")
