"""Results as Python users have them."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import polars as pl
import pytest

import lossbench
from lossbench.api.study_results import Results
from lossbench.errors import RequestError
from synthetic import DOCUMENT, HOSTILE, study


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.of(study(seeds=3, epochs=3))


def test_frames_are_polars_and_agree_with_the_analysis(results: Results) -> None:
    assert isinstance(results, lossbench.Results)
    assert set(results.frames) == {"history", "summary", "comparisons", "standings", "verdicts", "gradient_scale"}
    row = results.summary.filter(
        (pl.col("loss_function") == "l1") & (pl.col("split") == "test") & (pl.col("metric") == "accuracy")
        & pl.col("class_name").is_null()
    )  # fmt: skip
    assert row["mean"].item() == results.analysis.estimate("l1").mean
    assert results.comparisons.filter(metric="test.accuracy").height == 6
    assert results.standings["loss_function"].to_list() == list(DOCUMENT)
    assert results.hypotheses.is_empty()


def test_pandas_has_the_same_numbers(results: Results) -> None:
    frames = results.to_pandas()
    assert set(frames) == {*results.frames, "trials"}
    assert frames["summary"]["mean"].tolist() == pytest.approx(results.summary["mean"].to_list(), nan_ok=True)


def test_without_pandas_that_is_said(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RequestError, match="pandas: expected installed: pip install pandas"):
        results.to_pandas()


def test_every_figure_of_the_report_has_a_name(results: Results) -> None:
    plot = results.plot
    named = [
        plot.accuracy(), plot.precision(), plot.recall(), plot.f1(), plot.nll(), plot.final_accuracy(), plot.ranking(),
        plot.comparisons(), plot.classes(), plot.confusion(), plot.reliability(), plot.cost(),
        *(plot.training(loss) for loss in DOCUMENT), *(plot.definition(loss) for loss in DOCUMENT[:3]),
    ]  # fmt: skip
    assert {item.figure.number for item in named} == {item.figure.number for item in plot.all} == set(range(1, 20))
    assert plot.definition("focal(gamma=0.5)").figure is plot.definition("focal(gamma=2)").figure
    assert plot.training("l1").figure.loss == "l1"


def test_an_unknown_loss_is_refused_by_name(results: Results) -> None:
    with pytest.raises(RequestError, match=r"loss: expected l1, cross_entropy, .* or focal\(gamma=0.5\), got l2"):
        results.plot.training("l2")


def test_a_plot_is_shown_read_and_saved(results: Results, tmp_path: Path) -> None:
    plot = results.plot.accuracy()
    assert ET.fromstring(plot._repr_svg_()).tag.endswith("svg")
    assert plot.title == "Accuracy per epoch, the losses side by side"
    assert plot.data.filter(split="test")["loss_function"].n_unique() == 4
    assert isinstance(plot.chart, alt.HConcatChart)
    for ending, start in (("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("json", b"{")):
        path = plot.save(tmp_path / "new" / f"a.{ending}")
        assert path.read_bytes().startswith(start)
    with pytest.raises(RequestError, match=r"path: expected a file name that ends with \.svg, .* got .*a\.gif"):
        plot.save(tmp_path / "a.gif")


def test_a_notebook_shows_the_answer_and_names_stay_text() -> None:
    results = Results.of(study(losses=HOSTILE, seeds=2, epochs=2))
    html = results._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;alert" in html
    assert "<svg" in html
    assert str(results) == " ".join(results.answer.sentences)
    assert repr(results) == "<Results of cifar10-lenet5: 4 losses, 8 trials>"
